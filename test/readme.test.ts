import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { commands } from "../src/commands/index.js";
import { currentReadme, readmePath } from "./support/readme.js";

test("README.md describes commands and drivers as they declare themselves (npm run docs)", async () => {
  expect(await readFile(readmePath, "utf8")).toBe(await currentReadme());
});

test("README.md names only commands that there are", async () => {
  const used = (await readFile(readmePath, "utf8")).matchAll(/\bmachine ([a-z-]+)\b(?= (?:web|NAME|-|`)|`)/g);
  const names = new Set([...used].map(([, name = ""]) => name));
  expect(names.size).toBeGreaterThan(8);
  expect([...names].filter((name) => !Object.hasOwn(commands, name) && name !== "help")).toEqual([]);
});
