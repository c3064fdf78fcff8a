import { rm } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Store } from "../../src/store/store.js";
import { fixtureIn, putConfig, storeAt, temporaryDirectory, workers } from "./support.js";

let pool: Awaited<ReturnType<typeof workers>>;
let root: string;
let store: Store;
beforeAll(async () => {
  pool = await workers();
});
afterAll(async () => {
  await pool.stop();
});
beforeEach(async () => {
  root = await temporaryDirectory();
  store = storeAt(root);
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

it("loses no write of two processes, and no reader finds the file missing", async () => {
  await putConfig(root, "n1", await fixtureIn(root, "config-generic"));
  const writers = ["a", "b"].map((prefix) => pool.start("label", root, "n1", prefix, "50"));
  const seen = new Set<number>();
  while (writers.some(({ child }) => child.exitCode === null)) {
    seen.add((await labels()).length);
    // Reading never waits, so that the end of a child would not be seen.
    await nextTurn();
  }
  const ends = await Promise.all(writers.map(({ end }) => end));
  expect(ends).toEqual(ends.map(() => ({ code: 0, output: "" })));
  expect(seen.size).toBeGreaterThan(10);
  const all = ["a", "b"].flatMap((prefix) => Array.from({ length: 50 }, (_, n) => `${prefix}=${String(n)}`));
  expect((await labels()).toSorted()).toEqual(all.toSorted());
});

it("gives a name to one of several processes", async () => {
  const ends = await Promise.all(Array.from({ length: 6 }, () => pool.start("claim", root, "n1").end));
  expect(ends.filter(({ code }) => code === 0)).toHaveLength(1);
  expect(ends.filter(({ output }) => output.includes('Docker machine "n1" already exists'))).toHaveLength(5);
});

async function labels(): Promise<readonly string[]> {
  return (await store.read("n1")).config.HostOptions.EngineOptions.Labels ?? [];
}
