import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noteCommand } from "../../src/store/command-log.js";
import { answersOf } from "../support/answers.js";
import { createNone, newHome, type Home } from "./support.js";

/** A machine with three commands in its log, the last of which was cut off. */
async function withLog(home: Home): Promise<void> {
  await createNone(home, "web");
  const path = join(home.store, "machines", "web", "commands.jsonl");
  const at = "2030-01-02T03:04:05.678Z";
  await noteCommand(path, { at, command: "read the host's facts", durationMs: 412, exitCode: 0, error: null });
  await noteCommand(path, { at, command: "sh -c 'true\nfalse'", durationMs: 31, exitCode: 1, error: null });
  await noteCommand(path, {
    at,
    command: "install the engine",
    durationMs: 61_000,
    exitCode: null,
    error: "it is gone",
  });
}

test("machine logs shows each command with its time, duration and exit status", async () => {
  const home = await newHome();
  await withLog(home);
  expect(await home.machine(["logs", "web"])).toEqual({
    code: 0,
    stderr: "",
    stdout: [
      "BEGUN                  TOOK     EXIT   COMMAND",
      "2030-01-02T03:04:05Z   0.4 s    0      read the host's facts",
      "2030-01-02T03:04:05Z   0.0 s    1      sh -c 'true false'",
      "2030-01-02T03:04:05Z   61.0 s   -      install the engine: it is gone",
      "",
    ].join("\n"),
  });
});

test.each([
  [["-n", "1"], ["install the engine"]],
  [["--tail", "0"], []],
  [
    ["-n", "7"],
    ["read the host's facts", "sh -c 'true\nfalse'", "install the engine"],
  ],
])("machine logs %j --json answers with the newest, a line each", async (options, commands) => {
  const home = await newHome();
  await withLog(home);
  const { stdout } = await home.machine(["logs", "--json", ...options, "web"]);
  const shown = (await answersOf("logs", stdout)) as { command: string }[];
  expect(shown.map(({ command }) => command)).toEqual(commands);
});

test("machine logs of a machine on which nothing was run says so, and of none at all that there is none", async () => {
  const home = await newHome();
  await createNone(home, "web");
  expect(await home.machine(["logs", "web"])).toEqual({
    ...{ code: 0, stdout: "", stderr: "No command was run on web yet.\n" },
  });
  expect(await home.machine(["logs", "db"])).toMatchObject({ code: 1, stdout: "" });
});

test("machine logs shows those of a machine whose config.json is broken", async () => {
  const home = await newHome();
  await withLog(home);
  await writeFile(join(home.store, "machines", "web", "config.json"), "{");
  expect((await home.machine(["logs", "-n", "1", "web"])).stdout).toContain("install the engine");
});
