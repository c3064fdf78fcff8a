import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/commands/index.js";
import { putConfig } from "../store/support.js";
import { answerOf, answersOf, withHosts, schemas } from "../support/answers.js";
import { createNone, newHome, putRunning } from "./support.js";

/** Commands without a schema, and why they have none. */
const withoutAnswer: Readonly<Record<string, string>> = {
  completion: "it prints a script, for a shell to evaluate",
  mount: "another program does it, and nothing is printed",
  scp: "another program does it, and prints",
  "shell-init": "it prints a script, for a shell to evaluate",
  ssh: "what is printed is the command's of the machine",
  "ssh-config": "it prints a file of OpenSSH's",
};

const running = { name: "web", state: "Running" };
const labOfHosts = join(import.meta.dirname, "..", "..", "templates", "labs", "hosts.yaml");
const free = ["-d", "none", "--url", "tcp://192.0.2.7:2376"];

/** What is typed with --json, at a home with the machine `web` of the driver none, and what is answered. */
const answers: Readonly<Record<string, readonly (readonly [argv: readonly string[], answer: unknown])[]>> = {
  context: [
    [["sync"], { removed: [], synced: [{ name: "web", isWritten: false }] }],
    [["sync", "web"], { removed: [], synced: [{ name: "web", isWritten: false }] }],
  ],
  create: [
    [[...free, "db"], { name: "db", driver: "none", url: "tcp://192.0.2.7:2376" }],
    [[...free, "--dry-run", "app"], expect.objectContaining({ Steps: [] })],
  ],
  doctor: [
    [
      ["web"],
      expect.arrayContaining([
        {
          title: "machine web",
          results: expect.arrayContaining([{ what: "state", level: "ok", text: "Running" }]) as unknown,
        },
      ]),
    ],
  ],
  driver: [
    [
      ["ls"],
      expect.arrayContaining([
        { name: "none", version: null, from: null, summary: expect.any(String) as string, error: null },
      ]),
    ],
  ],
  env: [
    [
      ["web"],
      expect.objectContaining({ DOCKER_TLS_VERIFY: "1", DOCKER_HOST: "tcp://127.0.0.1:1", DOCKER_MACHINE_NAME: "web" }),
    ],
    [
      ["-u", "--no-proxy"],
      {
        ...{ DOCKER_TLS_VERIFY: null, DOCKER_HOST: null, DOCKER_CERT_PATH: null, DOCKER_MACHINE_NAME: null },
        NO_PROXY: null,
      },
    ],
  ],
  config: [[["web"], expect.objectContaining({ name: "web", host: "tcp://127.0.0.1:1" })]],
  image: [
    [["ls"], expect.arrayContaining([expect.objectContaining({ name: "debian-13", cachedBytes: null, usedBy: [] })])],
    [["prune"], []],
  ],
  inspect: [[["web"], expect.objectContaining({ Name: "web", DriverName: "none" })]],
  lab: [
    [["down", "-y", labOfHosts], [{ name: "web" }]],
    [["status", labOfHosts], expect.arrayContaining([expect.objectContaining({ name: "node-3", state: "Missing" })])],
    [["schema"], expect.objectContaining({ required: ["machines"] })],
  ],
  ls: [
    [[], [expect.objectContaining({ ...running, driver: "none", url: "tcp://127.0.0.1:1", dockerVersion: null })]],
    [["-q"], ["web"]],
    [["--filter", "name=x"], []],
  ],
  rm: [
    [["-y", "web"], [{ name: "web" }]],
    [["-f", "web", "x"], [{ name: "web" }]],
    [["web"], []],
  ],
  scrub: [[["web"], [{ name: "web", hadCredentials: false }]]],
  settings: [
    [[], {}],
    [["set", "driver", "none"], { driver: "none" }],
    [["set", "engine-label", "a=b", "c=d"], { "engine-label": ["a=b", "c=d"] }],
  ],
  status: [[["web"], running]],
  url: [[["web"], { name: "web", url: "tcp://127.0.0.1:1" }]],
  use: [
    [["web"], { context: "web" }],
    [["--unset"], { context: "default" }],
  ],
  version: [[[], { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string }]],
};

/** Those whose home is another one. */
const elsewhere: readonly string[] = ["active", "console", "gc", "ip", "logs", "snapshot"];

test("every command has a schema for its answer, or a reason to have none", async () => {
  const all = await schemas();
  const known = [...all.filter((name) => name !== "events"), ...Object.keys(withoutAnswer)];
  expect(known.sort()).toEqual(Object.keys(commands).sort());
});

test("every schema is held against what its command prints", async () => {
  const tested = [...Object.keys(answers), ...elsewhere, ...withHosts, "events"];
  expect(tested.sort()).toEqual(await schemas());
});

const cases = Object.entries(answers).flatMap(([command, all]) =>
  all.map(([argv, answer]) => ({ command, argv, answer })),
);

test.each(cases)("machine $command $argv --json answers as its schema says", async ({ command, argv, answer }) => {
  const home = await newHome();
  await createNone(home, "web");
  const { code, stdout, stderr } = await home.machine([command, "--json", ...argv]);
  expect(code, stderr).toBe(0);
  expect(await answerOf(command, stdout)).toEqual(answer);
  await answersOf("events", stderr);
});

test("ip, ls, active, gc and version of a machine whose engine answers are as their schemas say", async () => {
  const home = await newHome();
  const { url } = await putRunning(home, "web");
  const answer = async (command: string, ...argv: readonly string[]): Promise<unknown> =>
    answerOf(command, (await home.machine([command, "--json", ...argv], { env: { DOCKER_HOST: url } })).stdout);
  expect(await answer("ip", "web")).toEqual([{ name: "web", ip: "127.0.0.1" }]);
  expect(await answer("active")).toEqual({ name: "web" });
  expect(await answer("version", "web")).toEqual({ name: "web", dockerVersion: "29.1.0" });
  expect(await answer("config", "web")).toMatchObject({
    name: "web",
    host: url,
    tls: { caCert: expect.stringMatching(/ca\.pem$/) as string },
  });
  expect(await answer("ls")).toMatchObject([
    {
      name: "web",
      isActive: true,
      state: "Running",
      dockerVersion: "29.1.0",
      certificatesEnd: expect.stringMatching(/Z$/) as string,
    },
  ]);
});

describe("with --json", () => {
  test("several names are answered in their order, and those that went well where others did not", async () => {
    const home = await newHome();
    await createNone(home, "b", "a");
    expect(await answerOf("scrub", (await home.machine(["scrub", "--json", "b", "a"])).stdout)).toMatchObject([
      { name: "b" },
      { name: "a" },
    ]);
    const removed = await home.machine(["rm", "-y", "--json", "b", "x", "a"]);
    expect(removed.code).toBe(1);
    expect(await answerOf("rm", removed.stdout)).toEqual([{ name: "b" }, { name: "a" }]);
    expect(await answersOf("events", removed.stderr)).toMatchObject([{ error: { code: "not-found" } }]);
  });

  test("rm asks by a line of JSON on stderr", async () => {
    const home = await newHome();
    await createNone(home, "web");
    const { stdout, stderr } = await home.machine(["rm", "--json", "web"], { stdin: "y\n" });
    expect(JSON.parse(stdout)).toEqual([{ name: "web" }]);
    expect(await answersOf("events", stderr)).toEqual([{ type: "message", line: "Are you sure? (y/n): " }]);
  });

  test.each([[["ls", "--format", "{{.Name}}"]], [["inspect", "-f", "{{.Name}}", "web"]]])(
    "%j is refused: a template makes no JSON",
    async (argv) => {
      const home = await newHome();
      await createNone(home, "web");
      const { code, stdout, stderr } = await home.machine([...argv, "--json"]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(await answersOf("events", stderr)).toMatchObject([{ error: { code: "usage" } }]);
    },
  );

  test("a machine whose config.json is broken is a row of ls with its error", async () => {
    const home = await newHome();
    await putConfig(home.store, "web", "{");
    const { stdout } = await home.machine(["ls", "--json"]);
    expect(await answerOf("ls", stdout)).toMatchObject([{ name: "web", driver: null, state: "Error", url: null }]);
  });
});
