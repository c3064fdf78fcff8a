import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cleanConsole, consoleTail, followConsole } from "../../src/vm/seed/console.js";

let folder: string;
let log: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "machine-console-"));
  log = join(folder, "console.log");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("what a console prints becomes text without colours, cursor movements, bells and overwritten lines", () => {
  expect(cleanConsole("\u001b[2J\u001b[01;01H\u001b[0;32mok\u001b[0m\u0007\r\n")).toBe("ok\n");
  expect(cleanConsole("10%\r20%\r30%\r\r\nnext\tcolumn")).toBe("30%\nnext\tcolumn");
  expect(cleanConsole("a\u0000b\u009bc\u007f")).not.toMatch(/[^\P{Cc}\n\t]/u);
});

test("the tail of a log is its last lines that say something; there is none where there is no log", async () => {
  await writeFile(log, Array.from({ length: 30 }, (_, index) => `line ${String(index)}\r\n\r\n`).join(""));
  expect(await consoleTail(log, 2)).toBe("line 28\nline 29");
  expect((await consoleTail(log)).split("\n")).toHaveLength(20);
  expect(await consoleTail(join(folder, "none"))).toBe("");
});

test("a log is followed by whole lines, also when it comes late, is cut in a character, or begins anew", async () => {
  const news = followConsole(log);
  expect(await news()).toEqual([]);
  await writeFile(log, "first\r\nsec");
  expect(await news()).toEqual(["first"]);
  const [before, after] = [Buffer.from("ond grün\n").subarray(0, 7), Buffer.from("ond grün\n").subarray(7)];
  await appendFile(log, before);
  expect(await news()).toEqual([]);
  await appendFile(log, after);
  expect(await news()).toEqual(["second grün"]);
  await writeFile(log, "anew\n");
  expect(await news()).toEqual(["anew"]);
  expect(await news()).toEqual([]);
});
