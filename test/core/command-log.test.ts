import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { machineIo } from "../../src/core/session/io.js";
import { openSession } from "../../src/core/session/session.js";
import { loggedCommands } from "../../src/store/command-log.js";
import { newHome } from "../commands/support.js";

/** The shell of a machine that is this computer. */
async function localShell() {
  const { store, env } = await newHome();
  const debugged: string[] = [];
  const session = openSession({
    ...{ env: { ...env, PATH: process.env["PATH"] }, signal: new AbortController().signal, command: "test" },
    ...{ report: () => undefined, tell: () => undefined, ask: () => Promise.resolve(undefined), storagePath: store },
    debug: (line) => void debugged.push(line),
    tls: { tlsCaCert: undefined, tlsCaKey: undefined, tlsClientCert: undefined, tlsClientKey: undefined },
  });
  const dir = join(store, "machines", "web");
  const shell = await machineIo(session, { name: "web", dir }).shell({ kind: "exec", argv: ["env"] });
  return { dir, shell, debugged };
}

test("each command of a machine's shell is in its log, by its purpose where it has one", async () => {
  const { dir, shell } = await localShell();
  await mkdir(dir, { recursive: true });
  await shell.exec("exit 3");
  await shell.exec("cat", { input: "s3cret", purpose: "put the key" });
  await expect(shell.exec("sleep 9", { timeout: 100 })).rejects.toMatchObject({ code: "unreachable" });
  expect(await loggedCommands(join(dir, "commands.jsonl"))).toMatchObject([
    { command: "exit 3", exitCode: 3, error: null },
    { command: "put the key", exitCode: 0, error: null },
    { command: "sleep 9", exitCode: null, error: "env did not end within 0.1 s" },
  ]);
});

test("a log that cannot be written stops no command, and is told to the debug log alone", async () => {
  const { shell, debugged } = await localShell();
  expect(await shell.exec("echo hi")).toMatchObject({ code: 0, stdout: "hi\n" });
  expect(debugged).toEqual([expect.stringMatching(/^\(web\) its log cannot be written: ENOENT/)]);
});
