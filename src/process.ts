import { writeSync } from "node:fs";
import { basename } from "node:path";
import { main } from "./main.js";
import { pluginWords } from "./docker-plugin.js";
import type { WritableTerminal } from "./ui/terminal.js";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // A second one does not wait for the undoing.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new Error(signal));
  });
}
const file = process.argv[1] ?? "machine";
const called = basename(file);
const typed = process.argv.slice(2);
const asPlugin = pluginWords(typed, process.env);
const output = openOutput();
const terminal: WritableTerminal = {
  write: output.write,
  // Opened when first used: each costs some milliseconds.
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return output.stream();
  },
  get stderr() {
    // Nobody is left to tell that nobody listens.
    if (process.stderr.listenerCount("error") === 0) process.stderr.on("error", () => undefined);
    return process.stderr;
  },
  env: process.env,
  signal: interruption.signal,
  program: asPlugin === undefined ? (/\.c?js$/.test(called) ? `node ${file}` : called) : "docker machine",
  file,
  platform: process.platform,
};
// Stands where nothing is left to wait for and the command has not come to an end: a bug of ours.
process.exitCode = 70;
void main(asPlugin ?? typed, terminal).then((status) => {
  process.exitCode = output.isLost() && status === 0 ? 1 : status;
});

/**
 * Standard output. Results go straight to its descriptor, since to open `process.stdout` takes longer than all that
 * `ip` does. The stream is for those who need one, for a full pipe that does not block, and for the consoles of Windows.
 * `machine ls | head -1` closes it early: that is no error, and what was begun is done to its end.
 */
function openOutput() {
  let opened: NodeJS.WriteStream | undefined;
  let failure: NodeJS.ErrnoException | undefined;
  const fail = (error: NodeJS.ErrnoException): void => {
    if (failure === undefined && error.code !== "EPIPE") {
      terminal.stderr.write(`The output could not be written: ${error.message}\n`);
    }
    failure ??= error;
  };
  const stream = (): NodeJS.WriteStream => (opened ??= process.stdout.on("error", fail));
  const write = (text: string): void => {
    if (failure !== undefined) return;
    let rest = Buffer.from(text);
    try {
      if (opened !== undefined || process.platform === "win32") stream().write(rest);
      else while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      const thrown = error as NodeJS.ErrnoException;
      if (thrown.code === "EAGAIN") stream().write(rest);
      else fail(thrown);
    }
  };
  return { stream, write, isLost: () => failure !== undefined && failure.code !== "EPIPE" };
}
