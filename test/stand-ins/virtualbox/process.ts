import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** When the process was started, in ticks of the computer; empty where there is none. */
export function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** Whether it is still the process that was started. */
export function isSame(pid: number, started: string): boolean {
  return isAlive(pid) && startTime(pid) === started;
}

/**
 * Starts a program that outlives this one, and has the code that it ends with written to a file.
 * @param log gets its stderr
 * @returns its own id, not that of the shell which waits for it
 */
export async function startDetached(
  command: readonly string[],
  { pidFile, exitFile, log }: { readonly pidFile: string; readonly exitFile: string; readonly log: string },
): Promise<number> {
  const script = '"$@" 2>>"$LOG" & pid=$!; echo $pid >"$PID_FILE"; wait $pid; echo $? >"$EXIT_FILE"';
  const env = { ...process.env, PID_FILE: pidFile, EXIT_FILE: exitFile, LOG: log };
  spawn("sh", ["-c", script, "sh", ...command], { detached: true, stdio: "ignore", env }).unref();
  while (!existsSync(pidFile) || !readFileSync(pidFile, "utf8").endsWith("\n")) await setTimeout(5);
  return Number(readFileSync(pidFile, "utf8"));
}

/** Waits until something holds. @returns whether it did, in that many milliseconds */
export async function until(holds: () => boolean, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (!holds()) {
    if (Date.now() > end) return false;
    await setTimeout(10);
  }
  return true;
}
