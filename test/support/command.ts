import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** What a finished program left: its whole output and its exit code. */
export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** `env` replaces the whole environment; `input` is the text or stream for standard input (default: empty). */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Readable;
}

/** Runs a program to its end, whatever its exit code. Rejects when it cannot be started. */
export function finish(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...(options.env && { env: { ...options.env } }) });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const text = Buffer.concat(stderr).toString();
      resolve({
        stdout: Buffer.concat(stdout).toString(),
        stderr: signal === null ? text : `${text}ended by ${signal}`,
        code: code ?? 255,
      });
    });
    // A program may end without reading all of it.
    child.stdin.on("error", () => undefined);
    if (typeof options.input === "object") options.input.pipe(child.stdin);
    else child.stdin.end(options.input ?? "");
  });
}

/** The standard output of a program, trimmed. Rejects with the command and the end of its output when it fails. */
export async function output(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { stdout, stderr, code } = await finish(file, args, options);
  if (code !== 0) {
    const lines = `${stdout}${stderr}`.trim().split("\n").slice(-20);
    throw new Error([`${[file, ...args].join(" ")}: exit code ${String(code)}`, ...lines].join("\n"));
  }
  return stdout.trim();
}
