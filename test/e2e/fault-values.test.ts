import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";
import { chosenSeed } from "../support/random.js";

const nasty = [
  "\u{10fffe}\u{fdd0}",
  ...[
    "",
    " ",
    "  two  ",
    "a b",
    "tab\there",
    "line\nbreak",
    "\n",
    "return\rExecStart=/bin/false",
    "end\n",
    "\u0001\u001b[2J\u007f",
  ],
  ...[
    `"double"`,
    "'single'",
    `'"'"'`,
    "`id`",
    "$(id)",
    "$( )",
    "${HOME}",
    "$HOME",
    "$$",
    "\\",
    "end\\",
    "\\n",
    "\\x41",
    "\\\\",
  ],
  ...[
    "%i",
    "%%",
    "%",
    "100%\\",
    "#no comment",
    "a # b",
    ";",
    "a;b",
    "a && b | c > d < e",
    "*",
    "~",
    "!!",
    "=",
    "a==b",
    "-rf",
    "--help",
  ],
  ...[
    "é",
    "žluťoučký kůň",
    "漢字",
    "🐳",
    "\u0085\u00a0\u2028",
    '{"a": ["b"]}',
    "[Service]",
    "EOF",
    "END",
    "x".repeat(3_000),
  ],
];

describeOnHosts("values of labels and variables that hold anything", (lab) => {
  const seed = chosenSeed();
  const random = fc.sample(fc.string({ unit: "binary", maxLength: 30 }), { seed, numRuns: 60 });
  // A unit cannot hold a code point that is no character.
  const values = [...nasty, ...random].map((value) => value.replace(/[\0\p{Noncharacter_Code_Point}]/gu, ""));
  const variables = values.map((value, n) => `V${String(n)}=${value}`);
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    [program, host] = await Promise.all([lab.installProgram(), lab.createHost({ image: "engine" })]);
    const created = await program.machine([
      ...["create", "-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-key", host.keyPath],
      ...values.flatMap((value, index) => ["--engine-label", `l${String(index)}=${value}`]),
      ...variables.flatMap((variable) => ["--engine-env", variable]),
      "web",
    ]);
    expect(created).toMatchObject({ code: 0 });
  });

  test("reach the engine by its command line: docker info shows each label as it was given", async () => {
    const shown = await program.bash(`eval "$(machine env web)" && docker info --format "{{json .Labels}}"`);
    expect(shown).toMatchObject({ code: 0 });
    expect(new Set(JSON.parse(shown.stdout) as string[])).toEqual(
      new Set([...values.map((value, index) => `l${String(index)}=${value}`), "provider=generic"]),
    );
  });

  test("reach the engine by its unit: dockerd's environment holds each variable as it was given", async () => {
    const { stdout } = await host.exec("cat /proc/$(pidof dockerd)/environ");
    const found = stdout.split("\0").filter((assignment) => /^V\d+=/.test(assignment));
    expect(found.sort()).toEqual(variables.toSorted());
  });

  test("are the same to a second provision, which changes no byte", async () => {
    const before = await host.files();
    expect(await program.machine(["provision", "web"])).toMatchObject({ code: 0 });
    expect(await host.files()).toEqual(before);
  });
});
