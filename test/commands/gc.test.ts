import { writeFile } from "node:fs/promises";
import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import { gc } from "../../src/commands/gc.js";
import { outputOf } from "../../src/cli/output.js";
import { openSession } from "../../src/core/session/session.js";
import { MachineError, type Driver, type Resource } from "../../src/driver/index.js";
import { answerOf } from "../support/answers.js";
import { createNone, newHome, type Home } from "./support.js";

/** A provider's things, each `KIND ID MACHINE`; those whose id is in `stuck` cannot be removed. */
function provider(things: readonly string[], stuck: readonly string[] = []) {
  const left = new Set(things);
  const owners: string[] = [];
  const resourceOf = (thing: string): Resource => {
    const [kind = "", id = "", machine] = thing.split(" ");
    return {
      ...{ kind, id, machine, about: "somewhere" },
      remove: () => {
        if (stuck.includes(id)) return Promise.reject(new MachineError("failed", "it is in use"));
        left.delete(thing);
        return Promise.resolve();
      },
    };
  };
  const listResources: Driver["listResources"] = (_, owner) => {
    owners.push(owner);
    return Promise.resolve([...left].map(resourceOf));
  };
  return { left, owners, driver: { name: "none", options: {}, listResources } as unknown as Driver };
}

/** Runs `machine gc` with a driver of the test's own, which takes the place of `none`. */
async function collect(home: Home, driver: Driver, yes = false, json = false) {
  const written: string[] = [];
  const told: string[] = [];
  const terminal = {
    write: (text: string) => void written.push(text),
    ...{ stdin: Readable.from([]), stdout: new PassThrough(), stderr: new PassThrough() },
    ...{
      env: home.env,
      signal: new AbortController().signal,
      program: "machine",
      file: "/usr/bin/machine",
      platform: "linux" as const,
    },
  };
  const tls = { tlsCaCert: undefined, tlsCaKey: undefined, tlsClientCert: undefined, tlsClientKey: undefined };
  const session = openSession({
    ...{ env: home.env, signal: terminal.signal, storagePath: home.store, tls, command: "gc" },
    ...{ report: () => undefined, debug: () => undefined, ask: () => Promise.resolve(undefined) },
    tell: (line) => void told.push(line),
  });
  const ran = gc.run({
    ...{ args: [], line: ["gc"], values: { driver: "none", yes }, chosen: { driver, values: {} } },
    presets: { env: home.env, settings: {} },
    ...{ json, terminal, session, out: outputOf(terminal, json, session.tell) },
  });
  const error = await ran.then(
    () => undefined,
    (cause: unknown) => cause as MachineError,
  );
  return { stdout: written.join(""), told, error };
}

test("lists what no machine of the store has, and changes nothing", async () => {
  const home = await newHome();
  await createNone(home, "web");
  const { driver, left, owners } = provider(["instance i-1 web", "instance i-2 gone", "volume v-2 gone", "group g-1"]);
  const { stdout, told, error } = await collect(home, driver);
  expect(error).toBeUndefined();
  expect(stdout.split("\n")).toEqual([
    "KIND       ID    MACHINE   ABOUT",
    "instance   i-2   gone      somewhere",
    "volume     v-2   gone      somewhere",
    "",
  ]);
  expect(told.join()).toContain("--yes");
  expect(left.size).toBe(4);
  await collect(home, driver);
  expect(new Set(owners).size).toBe(1);
  expect(owners[0]).toMatch(/^[0-9a-f-]{36}$/);
});

test("what was made for several machines is listed when none of the driver is left", async () => {
  const home = await newHome();
  const { driver, left } = provider(["group g-1"]);
  expect((await collect(home, driver)).stdout).toContain("group   g-1   -         somewhere");
  await createNone(home, "web");
  const ran = await collect(home, driver);
  expect(ran.stdout).toBe("");
  expect(ran.told).toEqual(["The driver none has nothing of this store that no machine in it has."]);
  expect((await collect(home, { ...driver, name: "other" })).stdout).toContain("g-1");
  expect(left.size).toBe(1);
});

test("a machine whose config.json is broken keeps what it has", async () => {
  const home = await newHome();
  await createNone(home, "web");
  await writeFile(`${home.store}/machines/web/config.json`, "{");
  expect((await collect(home, provider(["instance i-1 web", "group g-1"]).driver)).stdout).toBe("");
});

test("with --yes it removes, tells of each failure and goes on", async () => {
  const home = await newHome();
  const { driver, left } = provider(["instance i-1 a", "volume v-1 a", "instance i-2 b"], ["v-1"]);
  const { stdout, error } = await collect(home, driver, true);
  expect(stdout).toBe("Removed instance i-1\nRemoved instance i-2\n");
  expect(error?.message).toBe("could not remove the volume v-1: it is in use");
  expect([...left]).toEqual(["volume v-1 a"]);
});

test("with --json it answers with all that there was, removed or not, by its schema", async () => {
  const home = await newHome();
  const { driver } = provider(["instance i-1 a", "group g-1"], ["g-1"]);
  const facts = { about: "somewhere", isRemoved: false };
  const all = [
    { kind: "instance", id: "i-1", machine: "a", ...facts },
    { kind: "group", id: "g-1", machine: null, ...facts },
  ];
  expect(await answerOf("gc", (await collect(home, driver, false, true)).stdout)).toEqual(all);
  const { stdout, error } = await collect(home, driver, true, true);
  expect(await answerOf("gc", stdout)).toEqual([{ ...all[0], isRemoved: true }, all[1]]);
  expect(error?.message).toContain("g-1");
});

test("a driver that cannot tell says so, and names are refused", async () => {
  const home = await newHome();
  const ran = await home.machine(["gc", "-d", "none"]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("none driver cannot tell what it has made");
  expect((await home.machine(["gc", "-d", "none", "web"])).stderr).toContain("gc takes no names");
});
