#!/usr/bin/env node
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
// `machine ls | head -1` closes stdout early: that is no error, and nobody is left to tell.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

const called = basename(process.argv[1] ?? "machine");
const terminal: Terminal = {
  // Opened when first used: each costs some milliseconds.
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return process.stdout;
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
