import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { abandon, notStarted } from "../exec.js";
import { exitCode } from "../output.js";

/** Characters of what a program writes to stderr that are kept, the last ones. */
const complaintLimit = 8_192;

/** A connection that a program makes. */
export interface Proxy {
  /** What the program reads and writes; it ends with the program, and the program with it. */
  readonly socket: Duplex;
  /** The last 20 lines that it wrote to stderr; undefined when there are none. */
  readonly complaint: () => string | undefined;
}

/**
 * Starts a program and its arguments whose stdin and stdout are a connection, as ssh_config(5) has it of ProxyCommand.
 * It is in a session of its own, so that a Ctrl-C at the terminal is for us alone to answer.
 * The socket's error: `failed` when the program cannot be started, else its exit status.
 */
export function startProxy(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Proxy {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { env: { ...env }, stdio: "pipe", windowsHide: true, detached: true });
  const socket = new Duplex({
    read: () => child.stdout.resume(),
    // A program that has gone takes nothing more (EPIPE); its status tells why.
    write: (chunk: Buffer, _, done) => {
      child.stdin.write(chunk, () => {
        done();
      });
    },
    final: (done) => {
      child.stdin.end();
      done();
    },
    destroy: (error, done) => {
      abandon(child);
      done(error);
    },
  });
  child.stdin.on("error", () => undefined);
  child.stdout.on("data", (chunk: Buffer) => {
    if (!socket.push(chunk)) child.stdout.pause();
  });
  child.once("error", (error) => socket.destroy(notStarted(file, undefined, error)));
  child.once("close", (code, signal) => {
    if (code === 0) socket.push(null);
    else socket.destroy(new Error(`${file} exited with status ${String(exitCode(code, signal) ?? 1)}`));
  });
  let written = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    written = (written + text).slice(-complaintLimit);
  });
  return {
    socket,
    complaint: () => written.trimEnd().split("\n").slice(-20).join("\n") || undefined,
  };
}
