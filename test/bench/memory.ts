import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Prerequisite } from "../support/prerequisites.js";
import { type Command, perform } from "./contender.js";

export const gnuTime: Prerequisite = { program: "time", package: "time", why: "tells the peak memory of a command" };

/** The most memory that one process of a command held at once (its resident set), in MB, as the kernel counts it. */
export async function peakMemory({ argv, ...rest }: Command): Promise<number> {
  const file = join(tmpdir(), `machine-bench-${String(process.pid)}.memory`);
  try {
    await perform({ argv: ["time", "--format=%M", `--output=${file}`, ...argv], ...rest });
    return (Number(await readFile(file, "utf8")) * 1_024) / 1_000_000;
  } finally {
    await rm(file, { force: true });
  }
}

/**
 * Runs commands all at once. Resolves with the peak of what they and their children hold together, in MB. Each page
 * counts once, however many share it (PSS): twenty processes of one program hold its code only once.
 * @see https://docs.kernel.org/filesystems/proc.html (smaps_rollup)
 */
export async function memoryOfAll(commands: readonly Command[]): Promise<number> {
  const running = commands.map(start);
  const pids = running.map(({ pid }) => pid);
  const end = Promise.all(running.map(({ ended }) => ended));
  for (let peak = 0; ;) {
    const ended = await Promise.race([end.then(() => true), sleep(20, false)]);
    if (ended) return peak;
    const sizes = await Promise.all(pids.map(memoryOfTree));
    const sum = sizes.reduce((all, size) => all + size, 0);
    if (sum > peak) peak = sum;
  }
}

function start({ argv, env }: Command): { readonly pid: number; readonly ended: Promise<void> } {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { stdio: "ignore", ...(env && { env: { ...env } }) });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${argv.join(" ")}: exit status ${String(code)}`));
    });
  });
  return { pid: child.pid ?? 0, ended };
}

async function memoryOfTree(pid: number): Promise<number> {
  const [rollup, children] = await Promise.all([
    textOf(`/proc/${String(pid)}/smaps_rollup`),
    textOf(`/proc/${String(pid)}/task/${String(pid)}/children`),
  ]);
  const own = Number(/^Pss: +(\d+) kB$/m.exec(rollup)?.[1] ?? 0);
  const others = await Promise.all(children.split(" ").filter(Boolean).map(Number).map(memoryOfTree));
  return others.reduce((sum, size) => sum + size, (own * 1_024) / 1_000_000);
}

/** A process that has ended has none. */
function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
