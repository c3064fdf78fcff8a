import { clearLine, cursorTo, moveCursor } from "node:readline";
import { PassThrough } from "node:stream";
import type { Terminal, WritableTerminal } from "../../src/ui/terminal.js";

/** A stream like that of a terminal, and what was written to it. */
export function screen(columns?: number) {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const tty = {
    isTTY: true,
    columns,
    cursorTo: (x: number) => cursorTo(stream, x),
    moveCursor: (x: number, y: number) => moveCursor(stream, x, y),
    clearLine: (direction: -1 | 0 | 1) => clearLine(stream, direction),
  };
  return {
    stream: columns === undefined ? stream : Object.assign(stream, tty),
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

/** A terminal of which the test sees both outputs. @param columns width of stderr; undefined: it is no terminal */
export function fakeTerminal({ columns, env = {} }: { columns?: number; env?: Terminal["env"] } = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), screen(), screen(columns)];
  const terminal: WritableTerminal = {
    write: (text) => stdout.stream.write(text),
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
    signal: new AbortController().signal,
    program: "machine",
    file: "/usr/bin/machine",
    platform: "linux",
  };
  return { terminal, stdin, stdout: stdout.text, stderr: stderr.text };
}
