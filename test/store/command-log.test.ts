import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { loggedCommands, noteCommand, type LoggedCommand } from "../../src/store/command-log.js";
import { temporaryDirectory } from "./support.js";

const install: LoggedCommand = {
  ...{ at: "2030-01-02T03:04:05.678Z", command: "install the engine", durationMs: 12_345, exitCode: 0, error: null },
};

let path: string;
beforeEach(async () => {
  path = join(await temporaryDirectory(), "commands.jsonl");
});

test("commands are read as they were noted, the oldest first, from a file for the user alone", async () => {
  const lost: LoggedCommand = { ...install, exitCode: null, error: "web: the host stopped answering" };
  await noteCommand(path, install);
  await noteCommand(path, lost);
  expect(await loggedCommands(path)).toEqual([install, lost]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a machine on which nothing was run has none", async () => {
  expect(await loggedCommands(path)).toEqual([]);
});

test("a line that was cut off hides no other", async () => {
  await writeFile(path, '{"at":"2030');
  await appendFile(path, "\n");
  await noteCommand(path, install);
  expect(await loggedCommands(path)).toEqual([install]);
});

test("the older half makes room when a log is full, in whole lines and for the user alone", async () => {
  for (let n = 0; n < 100; n += 1) await noteCommand(path, { ...install, durationMs: n }, 2_000);
  const left = await loggedCommands(path);
  expect(left.at(-1)?.durationMs).toBe(99);
  expect(left.map(({ durationMs }) => durationMs)).toEqual(left.map((_, index) => 100 - left.length + index));
  expect((await readFile(path)).length).toBeLessThanOrEqual(2_000);
  expect((await readFile(path)).length).toBeGreaterThan(800);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each([
  ["curl http://ann:s3cret@proxy:3128/", "curl http://ann:***@proxy:3128/"],
  ["TOKEN='s3 cret' run --password=s3cret", "TOKEN=*** run --password=***"],
  ["sudo reboot", "sudo reboot"],
])("what looks like a secret is masked: %s", async (command, shown) => {
  await noteCommand(path, { ...install, command });
  expect((await loggedCommands(path))[0]?.command).toBe(shown);
});
