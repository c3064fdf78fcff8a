import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { answerOf } from "../support/answers.js";
import type { Ran } from "../support/cli.js";
import { contentsOf, linesOf, newHome, type Home } from "./support.js";

const templates = join(import.meta.dirname, "..", "..", "templates", "labs");

const classroom = `defaults:
  driver: none
  engine-label: [lab=docker]
machines:
  board: { url: "tcp://192.0.2.7:2376" }
  seat:
    count: 3
    url: tcp://192.0.2.1<n>:2376
    engine-label: [seat=<n>]
`;

/** A home with a lab file, and `machine lab` for it. */
async function newLab(text: string): Promise<{ home: Home; lab: (what: string, ...args: string[]) => Promise<Ran> }> {
  const home = await newHome();
  const file = join(home.home, "lab.yaml");
  await writeFile(file, text);
  return { home, lab: (what, ...args) => home.machine(["lab", what, file, ...args]) };
}

const names = async ({ machine }: Home): Promise<readonly string[]> => linesOf(await machine(["ls", "-q"]));

describe("machine lab up", () => {
  test("makes the machines, those that are counted with their number in each value", async () => {
    const { home, lab } = await newLab(classroom);
    const { code, stdout } = await lab("up");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "board was made\nseat-1 was made\nseat-2 was made\nseat-3 was made\n",
    });
    const facts = ["-f", "{{.DriverName}} {{.Driver.URL}} {{.HostOptions.EngineOptions.Labels}}"];
    expect((await home.machine(["inspect", ...facts, "seat-2"])).stdout).toBe(
      "none tcp://192.0.2.12:2376 [lab=docker seat=2]\n",
    );
    expect((await home.machine(["inspect", ...facts, "board"])).stdout).toBe(
      "none tcp://192.0.2.7:2376 [lab=docker]\n",
    );
  });

  test("makes only what is missing, and touches nothing else", async () => {
    const { home, lab } = await newLab(classroom);
    await lab("up");
    const before = await contentsOf(join(home.store, "machines"));
    const again = await lab("up", "--json");
    expect(await answerOf("lab", again.stdout)).toEqual(
      ["board", "seat-1", "seat-2", "seat-3"].map((name) => ({ name, isNew: false })),
    );
    expect(await contentsOf(join(home.store, "machines"))).toEqual(before);
    await home.machine(["rm", "-y", "seat-2"]);
    expect(linesOf(await lab("up"))).toEqual([
      "board is there already, and was not touched",
      "seat-1 is there already, and was not touched",
      "seat-2 was made",
      "seat-3 is there already, and was not touched",
    ]);
  });

  test("takes from variables and settings what the file leaves out, as create does", async () => {
    const { home, lab } = await newLab("machines:\n  web:\n");
    await home.machine(["settings", "set", "driver", "none"]);
    await home.machine(["settings", "set", "url", "tcp://192.0.2.9:2376"]);
    expect((await lab("up")).code).toBe(0);
    expect((await home.machine(["url", "web"])).stdout).toBe("tcp://192.0.2.9:2376\n");
  });

  test("tells everything that is wrong, and where, before it makes anything", async () => {
    const { home, lab } = await newLab(`defaults:
  driver: none
  enigne-label: [lab=docker]
machines:
  web: { url: "tcp://192.0.2.7:2376", ttl: soon }
  no name: { url: "tcp://192.0.2.7:2376" }
  node:
    count: 3
    url: [tcp://192.0.2.7:2376]
    amazonec2-secret-key: hunter2
  node-2: { driver: bogus, generic-ip-address: 192.0.2.7 }
  other: { driver: container, generic-ip-address: 192.0.2.7, count: many }
  node-1: { url: "tcp://192.0.2.7:2376" }
  list: [a]
more: 1
`);
    const { code, stderr } = await lab("up");
    expect(code).toBe(2);
    expect(stderr.replaceAll(`${home.home}/lab.yaml:`, "")).toBe(
      `3:3: there is no option enigne-label
5:3: web: "soon" is no duration
6:3: no name: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -
9:5: url must be text
10:5: amazonec2-secret-key is a secret, which belongs in a variable, not in a file
11:13: driver must be one of amazonec2, container, generic, none, qemu, virtualbox, not "bogus"
12:31: the driver container has no option generic-ip-address
12:62: count must be a whole number, not "many"
13:3: the name node-1 is taken by another machine of this lab
14:3: list must be a map: names, and what belongs to each
15:1: a lab has defaults and machines, not more
hint: keys are the flags that machine create -d DRIVER --help lists
`,
    );
    expect(await names(home)).toEqual([]);
  });

  test("makes nothing where a driver refuses one of the machines, and says which", async () => {
    const refusal = "Error setting machine configuration from flags provided";
    const { home, lab } = await newLab(`machines:
  good: { driver: none, url: "tcp://192.0.2.7:2376" }
  far: { driver: generic, count: 12 }
  near: { driver: none, url: no where }
`);
    const { code, stderr } = await lab("up");
    expect(code).toBe(1);
    expect(stderr.replaceAll(/^.*lab\.yaml:/gm, "")).toBe(
      `3:3: ${refusal}: generic driver requires the --generic-ip-address option\n` +
        `4:3: ${refusal}: --url must be a URL, not "no where"\n`,
    );
    expect(await names(home)).toEqual([]);
  });

  test("fails for a machine whose create was cut off, and says how to go on", async () => {
    const { home, lab } = await newLab(classroom);
    await lab("up");
    const journal = { phase: "create", done: [], settings: {} };
    await writeFile(join(home.store, "machines", "seat-1", "progress.json"), JSON.stringify(journal));
    const { code, stderr } = await lab("up");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "seat-1: create was cut off\nhint: machine create --resume seat-1, or machine rm seat-1\n",
    });
  });

  test.each([
    ["machines: [", "1:12: Flow sequence in block collection must be sufficiently indented and end with a ]"],
    ["", "1:1: the lab has no machines"],
    ["- web\n", "1:1: a lab must be a map: names, and what belongs to each"],
    ["machines: *web\n", "1:1: Unresolved alias (the anchor must be set before the alias): web"],
  ])("tells of the file %j where it is no lab", async (text, problem) => {
    const { home, lab } = await newLab(text);
    const { code, stderr } = await lab("up");
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${home.home}/lab.yaml:${problem}\n`)]);
  });

  test("says where there are labs to begin with when there is no file", async () => {
    const home = await newHome();
    const { code, stderr } = await home.machine(["lab", "up", join(home.home, "none.yaml")]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`hint: there are some to begin with in ${templates}\n`),
    ]);
  });

  test.each([[[]], [["make"]], [["up", "a", "b"]], [["schema", "a"]], [["up", "-y"]], [["toString"]]])(
    "is not what %j means",
    async (args) => {
      const home = await newHome();
      expect((await home.machine(["lab", ...args])).code).toBe(2);
    },
  );
});

describe("machine lab down", () => {
  test("removes what the file names, and nothing else", async () => {
    const { home, lab } = await newLab(classroom);
    await lab("up");
    await home.machine(["create", "-d", "none", "--url", "tcp://192.0.2.8:2376", "mine"]);
    await home.machine(["rm", "-y", "seat-1"]);
    const unanswered = await lab("down");
    expect(unanswered.stderr).toContain("Nobody answered: nothing is removed.");
    expect(await names(home)).toEqual(["board", "mine", "seat-2", "seat-3"]);
    const { code, stdout } = await lab("down", "-y", "--json");
    expect(code).toBe(0);
    expect(await answerOf("lab", stdout)).toEqual([{ name: "board" }, { name: "seat-2" }, { name: "seat-3" }]);
    expect(await names(home)).toEqual(["mine"]);
    expect(await lab("down")).toMatchObject({ code: 0, stdout: "" });
  });
});

test("machine lab status lists the machines of the file, those that are missing as such", async () => {
  const { home, lab } = await newLab(classroom.replaceAll("192.0.2", "127.0.0"));
  await lab("up");
  await home.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "mine"]);
  await home.machine(["rm", "-y", "seat-1", "seat-3"]);
  expect(linesOf(await lab("status")).map((line) => line.replaceAll(/ {2,}/g, " | "))).toEqual([
    "NAME | DRIVER | STATE | URL | ERRORS",
    "board | none | Running | tcp://127.0.0.7:2376 | ",
    `seat-1 | none | Missing | not made: docker-machine lab up ${home.home}/lab.yaml`,
    "seat-2 | none | Running | tcp://127.0.0.12:2376 | ",
    `seat-3 | none | Missing | not made: docker-machine lab up ${home.home}/lab.yaml`,
  ]);
});

describe("machine lab schema", () => {
  async function newValidator(): Promise<(lab: unknown) => boolean> {
    const { stdout } = await (await newHome()).machine(["lab", "schema"]);
    return new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(stdout) as object);
  }

  test("accepts the labs that come with the program, as the program does", async () => {
    const isLab = await newValidator();
    const home = await newHome();
    for (const file of await readdir(templates)) {
      expect([file, isLab(parse(await readFile(join(templates, file), "utf8")))]).toEqual([file, true]);
      expect(await home.machine(["lab", "status", join(templates, file)])).toMatchObject({ code: 0, stderr: "" });
    }
  });

  test.each([
    "machines: { web: { driver: none, count: 2, container-engine-port: 237<n> } }",
    "machines: { web: }",
    "machines: { web: { engine-version: 28.2, engine-label: [a=1, 2], no-context: true } }",
  ])("accepts %s", async (text) => {
    expect((await newValidator())(parse(text))).toBe(true);
  });

  test.each([
    "machines: {}",
    "defaults: { driver: none }",
    "machines: { web: { driver: bogus } }",
    "machines: { web: { count: 0 } }",
    "machines: { web: { enigne-label: [a] } }",
    "machines: { web: { no-context: perhaps } }",
    "machines: { web: { qemu-memory: much } }",
    "machines: { web: { amazonec2-secret-key: hunter2 } }",
    "machines: { a b: { driver: none } }",
    "machines: { web: { dry-run: true } }",
    "defaults: { count: 2 }\nmachines: { web: { driver: none } }",
    "machines: { web: { driver: none } }\nmore: 1",
  ])("rejects %s", async (text) => {
    expect((await newValidator())(parse(text))).toBe(false);
  });
});

test("a lab of more machines than anybody has is refused at once", async () => {
  const home = await newHome();
  const entries = Array.from(
    { length: 300 },
    (_, index) => `  m${String(index)}: { driver: none, url: "tcp://h:1", count: 999 }`,
  );
  await writeFile(join(home.home, "lab.yaml"), `machines:\n${entries.join("\n")}\n`);
  const { code, stderr } = await home.machine(["lab", "up", join(home.home, "lab.yaml")]);
  expect(code).not.toBe(0);
  expect(stderr).toContain("the lab has 299700 machines; the maximum is 1000");
});
