import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { main } from "../../src/main.js";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | undefined;
  readonly signal?: AbortSignal;
  readonly platform?: NodeJS.Platform;
}

/** Runs a command line in this process, with streams of its own. */
async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [stdout, stderr] = [collected(), collected()];
  const code = await main(argv, {
    write: (text) => stdout.stream.write(text),
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
    program: "docker-machine",
    file: "/usr/bin/machine",
    platform: options.platform ?? "linux",
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** A home of its own with an empty store; `machine` runs a command line in it. */
export async function temporaryHome(): Promise<{
  readonly home: string;
  readonly store: string;
  readonly env: Readonly<Record<string, string>>;
  readonly machine: (argv: readonly string[], options?: RunOptions) => Promise<Ran>;
  readonly remove: () => Promise<void>;
}> {
  const home = await mkdtemp(join(tmpdir(), "machine-home-"));
  const env = { HOME: home, USER: "ann", SHELL: "/bin/bash" };
  return {
    home,
    store: join(home, ".docker", "machine"),
    env,
    machine: (argv, options = {}) => runCli(argv, { ...options, env: { ...env, ...options.env } }),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

function collected(): { readonly stream: PassThrough; readonly text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}
