#!/usr/bin/env node
import { writeSync } from "node:fs";
import { basename } from "node:path";
import { main } from "./main.js";
import type { Terminal } from "./ui/terminal.js";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // A second one does not wait for the undoing.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new Error(signal));
  });
}
const called = basename(process.argv[1] ?? "machine");
const output = openOutput();
const terminal: Terminal = {
  write: output.write,
  // Opened when first used: each costs some milliseconds.
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return output.stream();
  },
  get stderr() {
    return process.stderr;
  },
  env: process.env,
  signal: interruption.signal,
  program: /\.c?js$/.test(called) ? `node ${process.argv[1] ?? called}` : called,
  platform: process.platform,
};
// Stands where nothing is left to wait for and the command has not come to an end: a bug of ours.
process.exitCode = 70;
void main(process.argv.slice(2), terminal).then((status) => {
  process.exitCode = status;
});

/**
 * Standard output. Results go straight to its descriptor, since to open `process.stdout` takes longer than all that
 * `ip` does. The stream is for those who need one, for a full pipe that does not block, and for the consoles of Windows.
 */
function openOutput() {
  let opened: NodeJS.WriteStream | undefined;
  const stream = (): NodeJS.WriteStream => (opened ??= process.stdout.on("error", leave));
  const write = (text: string): void => {
    let rest = Buffer.from(text);
    try {
      if (opened !== undefined || process.platform === "win32") stream().write(rest);
      else while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      const failure = error as NodeJS.ErrnoException;
      if (failure.code === "EAGAIN") stream().write(rest);
      else leave(failure);
    }
  };
  return { stream, write };
}

/** `machine ls | head -1` closes stdout early: that is no error, and nobody is left to tell. */
function leave({ code }: NodeJS.ErrnoException): never {
  process.exit(code === "EPIPE" ? 0 : 1);
}
