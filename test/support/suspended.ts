import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { cli, type Program } from "./program.js";

export interface Suspended {
  readonly pid: number;
  /** Lets it go on, and resolves when it has ended. */
  readonly resume: () => Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/**
 * Starts a command line and suspends it as soon as it has the lock of a machine.
 * @param behind so many others hold the lock or wait for it already: it is suspended as soon as it waits behind them
 */
export async function suspended(
  { store, env }: Pick<Program, "store" | "env">,
  machine: string,
  argv: readonly string[],
  behind = 0,
): Promise<Suspended> {
  const child = spawn(process.execPath, [cli, ...argv], { env, stdio: ["ignore", "ignore", "pipe"] });
  const end = once(child, "close") as Promise<[number | null]>;
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  onTestFinished(() => void child.kill("SIGKILL"));
  const isThere = async (): Promise<boolean> => {
    const files = await contenders(store, machine);
    return files.length > behind && files.some((file) => file.startsWith("hold."));
  };
  while (!(await isThere())) await sleep(1);
  child.kill("SIGSTOP");
  return {
    pid: child.pid ?? 0,
    resume: async () => {
      child.kill("SIGCONT");
      return { code: (await end)[0], stderr };
    },
  };
}

/** The files of those who hold the machine's lock or wait for it. */
export function contenders(store: string, machine: string): Promise<string[]> {
  return readdir(join(store, "locks", "machines", machine)).catch(() => []);
}
