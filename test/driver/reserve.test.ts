import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { reserve } from "../../src/driver/index.js";
import { withLock } from "../../src/store/lock.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "machine-reserve-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const io = {
  lock: <T>(name: string, work: () => Promise<T>): Promise<T> =>
    withLock(join(folder, "locks"), name, { command: "test" }, work, { wait: Number.POSITIVE_INFINITY }),
};

async function directory(name: string): Promise<{ readonly dir: string }> {
  const dir = join(folder, "machines", name);
  await mkdir(dir, { recursive: true });
  return { dir };
}

/** The lowest number that nobody has. */
async function lowest(taken: ReadonlySet<string>): Promise<readonly string[]> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (let number = 1; ; number++) if (!taken.has(String(number))) return [String(number)];
}

test("machines that reserve at once have each their own", async () => {
  const machines = await Promise.all(["a", "b", "c", "d", "e", "f"].map(directory));
  const picked = await Promise.all(machines.map((machine) => reserve(io, machine, "numbers", lowest)));
  expect(picked.flat().sort()).toEqual(["1", "2", "3", "4", "5", "6"]);
});

test("what a machine has is its own until it is removed, and may be kept or replaced by itself", async () => {
  const [a, b] = [await directory("a"), await directory("b")];
  expect(await reserve(io, a, "numbers", lowest)).toEqual(["1"]);
  expect(await reserve(io, b, "numbers", lowest)).toEqual(["2"]);
  expect(await reserve(io, a, "numbers", lowest)).toEqual(["1"]);
  await rm(a.dir, { recursive: true });
  expect(await reserve(io, b, "numbers", lowest)).toEqual(["1"]);
});

test("kinds do not take from each other", async () => {
  const [a, b] = [await directory("a"), await directory("b")];
  expect(await reserve(io, a, "ports", lowest)).toEqual(["1"]);
  expect(await reserve(io, b, "addresses", lowest)).toEqual(["1"]);
});

test("it is a file of the user's own; one that is spoilt reserves nothing", async () => {
  const [a, b] = [await directory("a"), await directory("b")];
  await reserve(io, a, "numbers", () => Promise.resolve(["7", "8"]));
  const file = join(a.dir, "numbers.json");
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual(["7", "8"]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await writeFile(file, "{");
  expect(await reserve(io, b, "numbers", lowest)).toEqual(["1"]);
});

test("nothing is reserved when the choice fails", async () => {
  const a = await directory("a");
  await expect(reserve(io, a, "numbers", () => Promise.reject(new Error("none")))).rejects.toThrow("none");
  await expect(stat(join(a.dir, "numbers.json"))).rejects.toThrow("ENOENT");
});
