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
// `machine ls | head -1` closes stdout early: that is no error, and what was begun is done to its end.
const unwritten: Error[] = [];
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE" || unwritten.push(error) > 1) return;
  process.exitCode = 1;
  terminal.stderr.write(`The output could not be written: ${error.message}\n`);
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
    // Nobody is left to tell that nobody listens.
    if (process.stderr.listenerCount("error") === 0) process.stderr.on("error", () => undefined);
    return process.stderr;
  },
  env: process.env,
  signal: interruption.signal,
  program: called.endsWith(".js") ? `node ${process.argv[1] ?? called}` : called,
  platform: process.platform,
};
const status = await main(process.argv.slice(2), terminal);
process.exitCode = unwritten.length > 0 && status === 0 ? 1 : status;
