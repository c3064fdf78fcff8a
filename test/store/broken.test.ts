import { isObject } from "../../src/driver/index.js";
import fc from "fast-check";
import { rm, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { encodeJson, parseJson } from "../../src/store/json.js";
import type { Store } from "../../src/store/store.js";
import { fixtureIn, putConfig, storeAt, temporaryDirectory } from "./support.js";

let root: string;
let store: Store;
let path: string;
let text: string;
beforeEach(async () => {
  root = await temporaryDirectory();
  store = storeAt(root);
  text = await fixtureIn(root, "config-amazonec2");
  path = await putConfig(root, "n1", text);
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

/** The paths of all members of an object, e.g. `["Driver", "SSHPort"]`. */
function pathsIn(json: unknown, at: readonly string[] = []): readonly (readonly string[])[] {
  if (!isObject(json)) return [];
  return Object.entries(json).flatMap(([key, member]) => [[...at, key], ...pathsIn(member, [...at, key])]);
}

function replaced(json: unknown, [key = "", ...rest]: readonly string[], value: unknown): unknown {
  if (!isObject(json)) return json;
  return { ...json, [key]: rest.length === 0 ? value : replaced(json[key], rest, value) };
}

/** What reading the machine says: undefined when it is whole. A TypeError or a RangeError behind it would be a bug. */
async function problem(): Promise<string | undefined> {
  const [machine] = await store.list();
  if (machine === undefined || "config" in machine) return undefined;
  const { error } = machine;
  expect(error.message).toContain(path);
  expect(error.cause).not.toBeInstanceOf(TypeError);
  expect(error.cause).not.toBeInstanceOf(RangeError);
  return error.message;
}

it("reads a config.json with any value in any place, or names the path at fault", async () => {
  const json = parseJson(text);
  const anyPath = fc.constantFrom(...pathsIn(json));
  await fc.assert(
    fc.asyncProperty(anyPath, fc.jsonValue(), async (at, value) => {
      await writeFile(path, encodeJson(replaced(json, at, value)));
      const message = await problem();
      if (message !== undefined && at[0] !== "ConfigVersion") expect(message).toContain(`: ${at.join(".")}`);
    }),
    { numRuns: 1_000 },
  );
});

it("reads any JSON at all, or says that it is broken", async () => {
  const members = fc.dictionary(fc.string(), fc.jsonValue());
  const older = fc.record({
    ConfigVersion: fc.integer({ min: 0, max: 4 }),
    Driver: members,
    HostOptions: members,
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.jsonValue(), older), async (value) => {
      await writeFile(path, encodeJson(value));
      await problem();
    }),
    { numRuns: 500 },
  );
});

it("says that a config.json is broken wherever it was cut off", async () => {
  const bytes = Buffer.from(text);
  for (let length = 0; length < bytes.length; length++) {
    await writeFile(path, bytes.subarray(0, length));
    expect(await problem()).toMatch(/: unexpected end of JSON input$/);
  }
});

it("never shows a part of a broken file, which may hold secrets", async () => {
  const secret = text.replace('"SecretKey": "SK"', '"SecretKey": "hunter2"');
  const near = secret.indexOf("hunter2");
  for (let at = near - 40; at < near + 40; at++) {
    await writeFile(path, `${secret.slice(0, at)}\u0001${secret.slice(at)}`);
    expect(await problem()).not.toContain("hunt");
  }
});
