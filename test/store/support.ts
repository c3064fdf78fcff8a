import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { TestContext } from "vitest";
import { machinePaths } from "../../src/store/paths.js";
import { openStore, type Store } from "../../src/store/store.js";

const run = promisify(execFile);

export const goldenNames = ["amazonec2", "generic", "virtualbox"] as const;
/** The store that the fixtures were written in. */
export const goldenRoot = "/home/me/.docker/machine";

export function fixture(name: string): Promise<string> {
  return readFile(new URL(`fixtures/${name}.json`, import.meta.url), "utf8");
}

/** A fixture as if it had been written in the store `root`. */
export async function fixtureIn(root: string, name: string): Promise<string> {
  return (await fixture(name)).replaceAll(goldenRoot, root);
}

export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "store-test-"));
}

export function storeAt(root: string): Store {
  return openStore(root, { command: "machine test" });
}

/** Puts a config.json into the store, whatever it says. */
export async function putConfig(root: string, name: string, text: string | Uint8Array): Promise<string> {
  const { dir, config } = machinePaths(root, name);
  await mkdir(dir, { recursive: true });
  await writeFile(config, text);
  return config;
}

export interface Worker {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves as soon as the worker prints this line. */
  says(line: string): Promise<void>;
  /** Resolves with its exit status and all that it printed, after its end. */
  readonly end: Promise<{ code: number | null; output: string }>;
}

/** Real processes that use the store: Node 20 cannot run TypeScript, so worker.ts is bundled first. */
export async function workers(): Promise<{
  start: (...args: readonly string[]) => Worker;
  /** By a command before it, e.g. unshare(1). */
  startIn: (prefix: readonly string[], ...args: readonly string[]) => Worker;
  stop: () => Promise<void>;
}> {
  const directory = await temporaryDirectory();
  const outfile = join(directory, "worker.mjs");
  const entry = new URL("worker.ts", import.meta.url).pathname;
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  const started: Worker[] = [];
  const startIn = (prefix: readonly string[], ...args: readonly string[]): Worker => {
    const [program = "", ...rest] = [...prefix, process.execPath, outfile, ...args];
    const worker = follow(spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] }));
    started.push(worker);
    return worker;
  };
  return {
    start: (...args) => startIn([], ...args),
    startIn,
    async stop() {
      for (const { child } of started) child.kill("SIGKILL");
      await Promise.all(started.map(({ end }) => end));
      await rm(directory, { recursive: true });
    },
  };
}

function follow(child: ChildProcess): Worker {
  let output = "";
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  const end = once(child, "close").then(() => ({ code: child.exitCode, output }));
  const says = async (line: string): Promise<void> => {
    while (!output.includes(`${line}\n`)) {
      if (child.exitCode !== null) throw new Error(`the worker ended without saying ${line}: ${output}`);
      await Promise.race([child.stdout && once(child.stdout, "data"), end]);
    }
  };
  return { child, pid: child.pid ?? Number.NaN, says, end };
}

/** A file system of 64 kB in a directory. Where mounting is not allowed there is nothing to test, but on CI it has to be. */
export async function onSmallDisk(
  context: TestContext,
  directory: string,
  work: (disk: string) => Promise<void>,
): Promise<void> {
  const disk = join(directory, "disk");
  await mkdir(disk);
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    context.skip("mounting is not allowed here");
  }
  try {
    await work(disk);
  } finally {
    await run("umount", [disk]);
  }
}
