import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Finished } from "./command.js";
import type { Host } from "./host.js";
import { cli, type Program } from "./program.js";

/** The words of `create` that choose a host. Default: as root, at the host's own port. */
export function generic(host: Host, { user = "root", key = host.keyPath, port = host.port } = {}): string[] {
  return [
    ...["-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-port", String(port)],
    ...["--generic-ssh-user", user, "--generic-ssh-key", key],
  ];
}

/** A command failed as it should: by exit status 1, it says all of this, and neither a stack trace nor a secret. */
export function expectClearError({ code, stderr }: Finished, ...says: readonly (string | RegExp)[]): void {
  expect({ code, stderr }).toMatchObject({ code: 1 });
  for (const words of says) expect(stderr).toMatch(words);
  expect(stderr).not.toMatch(/^\s+at \S|This is a bug|PRIVATE KEY|adminpw|pr0xy/m);
}

/** What differs when anything was changed on the host or its engine was restarted. */
export async function stateOf(host: Host): Promise<unknown> {
  const service = await host.exec("systemctl show -p ActiveState,MainPID,ExecMainStartTimestampMonotonic docker");
  return [await host.files(), service.stdout];
}

/** A command that runs, while something happens to its host. */
export interface Running {
  /** Resolves when stderr has these words; rejects when the command ends without them. */
  readonly says: (words: string) => Promise<void>;
  readonly end: Promise<Finished>;
}

/** Starts a command of the program, in the clock that `faketime` gives it, e.g. `+5m`, or `+0 x20`: 20 times as fast. */
export function start({ env }: Program, args: readonly string[], clock?: string): Running {
  const faketime = clock === undefined ? [] : ["faketime", "-f", clock];
  const [file = "", ...rest] = [...faketime, process.execPath, cli, ...args];
  const child = spawn(file, rest, { env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  let ended = false;
  const end = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      ended = true;
      resolve({ stdout, stderr, code: code ?? 255 });
    });
  });
  const says = async (words: string): Promise<void> => {
    while (!stderr.includes(words)) {
      if (ended) throw new Error(`the command did not say "${words}" but\n${stderr}`);
      await sleep(20);
    }
  };
  return { says, end };
}

/** Kills the servers of all ssh sessions on a host, which its clients see as a connection that breaks. */
export async function dropConnections(host: Host): Promise<void> {
  // OpenSSH 9.8 and later have a program of their own for a connection; the listener is left alone.
  const { code, stderr } = await host.exec("pkill -9 -f '^sshd-session: |^sshd: [^/]'");
  if (code !== 0) throw new Error(stderr);
}
