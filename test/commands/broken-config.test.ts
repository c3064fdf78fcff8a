import { isObject } from "../../src/driver/index.js";
import fc from "fast-check";
import { cp, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodeJson, parseJson } from "../../src/store/json.js";
import { openStore } from "../../src/store/store.js";
import type { MachineConfig } from "../../src/store/config.js";
import type { Ran } from "../support/cli.js";
import { isFull } from "../support/random.js";
import { createNone, newHome, putCertificates, putGeneric, startEngine, type Engine, type Home } from "./support.js";

/** Every command that reads a machine and asks its host for nothing but an answer. */
const commands = ["inspect", "ip", "url", "status", "env", "config", "version", "ssh", "stop", "restart"];

/** What a person, or a program, may leave in place of any value. */
const anything = fc.oneof(
  fc.constantFrom("", " ", "a b", "\0", "\n", "../../x", "-rf", "$(id)", "[", "::1", "127.0.0.1:1", "\u001b[2J", "é"),
  fc.constantFrom("tcp://", "unix:///nowhere", "http://[", "generic", "none", "constructor", "__proto__"),
  fc.constantFrom(-1, 0, 0.5, 1, 65_536, 1e300, true, false, null),
  fc.constantFrom({ toString: "" }, [{ toString: "" }]),
  fc.jsonValue().filter((value) => typeof value !== "string"),
);

/** For where a text would be looked up as the name of a host. */
const noName = anything.filter((value) => typeof value !== "string" || /^$|[ \0\n[:]/.test(value));

describe.each(["container", "generic", "none"])("a config.json of %s with any value in any place", (driver) => {
  test("is used or called broken by every command, and the machine is listed and can be removed", async () => {
    const home = withoutContainers(await newHome());
    await putMachine(home, driver);
    const dir = join(home.store, "machines", "web");
    const saved = join(home.home, "saved");
    await rename(dir, saved);
    const json = parseJson(await readFile(join(saved, "config.json"), "utf8"));
    for (const at of pathsIn(json)) {
      const value = /\.(IPAddress|URL)$/.test(`.${at.join(".")}`) ? noName : anything;
      await fc.assert(
        fc.asyncProperty(value, async (one) => {
          await cp(saved, dir, { recursive: true });
          await writeFile(join(dir, "config.json"), encodeJson(replaced(json, at, one)));
          await expectTold(home, join(dir, "config.json"));
          expect(await readdir(dirname(dir))).toEqual([]);
        }),
        { numRuns: (isFull ? 3 : 1) * (at[0] === "Driver" ? 3 : 1) },
      );
    }
    await rename(saved, dir);
    expect(await home.machine(["env", "web"])).toMatchObject({ code: 0, stderr: "" });
  });
});

test.each([
  ["cut off", '{"phase": "create"'],
  ["no JSON", "create"],
  ["of a wrong type", '{"phase": 1, "done": "all", "settings": null}'],
])("a journal that is %s is said to be broken, and its machine can be removed", async (_, text) => {
  const home = await newHome();
  await createNone(home, "web");
  await writeFile(join(home.store, "machines", "web", "progress.json"), text);
  const listed = await home.machine(["ls"]);
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  expect(listed.stdout).toMatch(/^web .* Error .* web is broken: .*progress\.json: /m);
  for (const argv of [
    ["create", "--resume", "web"],
    ["provision", "web"],
  ]) {
    const refused = await home.machine(argv);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^web is broken: .*progress\.json: .*\nhint: .*machine rm -f web\n$/);
  }
  expect(await home.machine(["rm", "-y", "web"])).toMatchObject({ code: 0 });
});

/** A machine whose engine answers. */
async function putMachine(home: Home, driver: string): Promise<void> {
  const engine = await startEngine();
  if (driver === "container") await putContainer(home, engine);
  else if (driver === "generic") await putCertificates(await putGeneric(home, "web", engine.port), engine.ca);
  else await home.machine(["create", "-d", "none", "--url", engine.url, "web"]);
}

/** A machine of the container driver, without its container. */
async function putContainer(home: Home, engine: Engine): Promise<void> {
  const state = {
    ...{ Program: "docker", Engine: "unix:///run/docker.sock", Container: "web-1", Image: "machine-node:1" },
    ...{ SSHHostKey: "SHA256:x", Network: "machine", CPUs: "", Memory: "", Publish: [], Volumes: [] },
  };
  const change = (config: MachineConfig): object => ({
    ...config,
    DriverName: "container",
    Driver: { ...config.Driver, ...state },
  });
  await putCertificates(await putGeneric(home, "web", engine.port, change), engine.ca);
}

/** As on a computer whose engine has no container and no network of ours. */
function withoutContainers(home: Home): Home {
  const PATH = join(import.meta.dirname, "no-containers");
  return {
    ...home,
    machine: (argv, options = {}) => home.machine(argv, { ...options, env: { PATH, ...options.env } }),
  };
}

/** No command breaks; `ls` has the machine; one that cannot be read is said to be broken, and by which file. */
async function expectTold(home: Home, path: string): Promise<void> {
  const store = openStore(home.store, { command: "test" });
  const isBroken = await store.read("web").then(
    () => false,
    () => true,
  );
  const listed = await home.machine(["ls", "-t", "2", "-f", "{{.Name}}|{{.State}}|{{.Error}}"]);
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  expect(listed.stdout).toMatch(isBroken ? /^web\|Error\|web is broken: .*config\.json: .+\n$/ : /^web\|\w+\|.*\n$/);
  for (const command of commands) {
    const ran = await home.machine([command, "web", ...(command === "ssh" ? ["true"] : [])]);
    expectNoBug(ran);
    if (isBroken) {
      expect(ran).toMatchObject({ code: 1, stdout: "" });
      expect(ran.stderr).toContain(path);
      expect(ran.stderr).toMatch(/\nhint: .+/);
    }
  }
  const removed = await home.machine(["rm", "-y", "web"]);
  expectNoBug(removed);
  if (removed.code === 0) return;
  expect(removed.stderr).toMatch(/\nhint: .*machine rm -f web$/m);
  expect(await home.machine(["rm", "-f", "web"])).toMatchObject({ code: 0 });
}

/** Status 70 and a stack are what a bug looks like. */
function expectNoBug({ code, stderr }: Ran): void {
  expect(stderr).not.toMatch(/This is a bug|^ {4}at /m);
  expect([0, 1]).toContain(code);
  expect(code === 0).toBe(!/\S/.test(stderr));
}

/** The paths of all members of an object, e.g. `["Driver", "SSHPort"]`. */
function pathsIn(json: unknown, at: readonly string[] = []): readonly (readonly string[])[] {
  if (!isObject(json)) return [];
  return Object.entries(json).flatMap(([key, member]) => [[...at, key], ...pathsIn(member, [...at, key])]);
}

function replaced(json: unknown, [key = "", ...rest]: readonly string[], value: unknown): unknown {
  if (!isObject(json)) return json;
  return { ...json, [key]: rest.length === 0 ? value : replaced(json[key], rest, value) };
}
