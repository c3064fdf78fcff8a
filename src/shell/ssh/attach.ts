import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import type { ClientChannel, PseudoTtyOptions } from "ssh2";
import { MachineError, messageOf, isSystemError } from "../../driver/index.js";
import { withTimeout } from "../with-timeout.js";
import { broken, exit, session, type Link } from "./session.js";

/** The streams of a process; those of a terminal have the optional members. None of them is closed. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly fd?: number; setRawMode?(on: boolean): unknown };
  readonly stdout: Writable & { readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable;
}

export interface AttachOptions {
  /** A terminal on the host. Default: as ssh does it, for a login shell (no command) with a terminal as stdin. */
  readonly pty?: boolean | undefined;
  /** Kind of the terminal, i.e. `TERM`. Default: `xterm`. */
  readonly term?: string | undefined;
}

/**
 * Joins a command, or the login shell, with the streams until it ends. Resolves with its exit status.
 * A reader of stdout that goes away ends it quietly, with the status of SIGPIPE.
 */
export async function join(
  link: Link,
  command: string | undefined,
  streams: Streams,
  { pty = command === undefined && streams.stdin.isTTY === true, term = "xterm" }: AttachOptions = {},
): Promise<number> {
  const { client, signal } = link;
  const terminal: PseudoTtyOptions | undefined = pty ? { term, ...sizeOf(streams) } : undefined;
  let open: ClientChannel | undefined;
  const code = session(
    link,
    (callback) =>
      command === undefined
        ? client.shell(terminal ?? false, callback)
        : client.exec(command, terminal === undefined ? {} : { pty: terminal }, callback),
    (channel) => {
      open = channel;
      return terminal === undefined ? carry(link, channel, streams) : inTerminal(link, channel, streams);
    },
  );
  return withTimeout(code, { signal, stop: () => open?.close() }).finally(() => {
    leave(streams, open);
  });
}

/** What must be undone whatever happened, also while the channel still stands. */
function leave({ stdin }: Streams, channel: ClientChannel | undefined): void {
  if (channel === undefined) return;
  stdin.unpipe(channel);
  stdin.pause();
  if (stdin.isTTY === true) stdin.setRawMode?.(false);
}

function inTerminal(link: Link, channel: ClientChannel, streams: Streams): Promise<number> {
  const { stdin, stdout } = streams;
  const resize = (): void => {
    const { rows, cols, height, width } = sizeOf(streams);
    channel.setWindow(rows, cols, height, width);
  };
  if (stdin.isTTY === true) takeOver(stdin);
  stdout.on("resize", resize);
  return carry(link, channel, streams).finally(() => {
    stdout.off("resize", resize);
  });
}

/**
 * Node's raw mode still turns a line feed into two signs on the way out, which editors on the host do not expect.
 * Leaving raw mode brings all settings back. Where there is no stty (Windows) there is no such setting either.
 */
function takeOver(stdin: Streams["stdin"]): void {
  stdin.setRawMode?.(true);
  if (stdin.fd !== undefined) spawnSync("stty", ["-onlcr"], { stdio: [stdin.fd, "ignore", "ignore"] });
}

/** In characters; the size in pixels is unknown (RFC 4254, 6.2: zero is ignored). */
function sizeOf({ stdout: { rows = 24, columns = 80 } }: Streams): Required<Omit<PseudoTtyOptions, "term" | "modes">> {
  return { rows, cols: columns, height: 0, width: 0 };
}

async function carry(link: Link, channel: ClientChannel, { stdin, stdout, stderr }: Streams): Promise<number> {
  let failure: unknown;
  const giveUp = (error: unknown): void => {
    failure ??= error;
    channel.unpipe(stdout);
    channel.stderr.unpipe(stderr);
    channel.resume();
    channel.stderr.resume();
    channel.close();
  };
  const stopInput = (): void => {
    channel.end();
  };
  const end = exit(channel);
  stdout.on("error", giveUp);
  stderr.on("error", giveUp);
  stdin.on("error", stopInput);
  channel.pipe(stdout, { end: false });
  channel.stderr.pipe(stderr, { end: false });
  if (stdin.readable) stdin.pipe(channel);
  else stopInput();
  try {
    const code = await end;
    await Promise.all([flushed(stdout), flushed(stderr)]);
    if (isSystemError(failure, "EPIPE", "ERR_STREAM_DESTROYED")) return 128 + constants.signals.SIGPIPE;
    if (failure !== undefined) {
      throw new MachineError("failed", `${link.machine}: could not write the output: ${messageOf(failure)}`);
    }
    if (code === undefined) throw broken(link);
    return code;
  } finally {
    stdout.off("error", giveUp);
    stderr.off("error", giveUp);
    stdin.off("error", stopInput);
  }
}

/** Resolves when everything written so far is out, or cannot get out any more. */
function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) resolve();
    else
      stream.write("", () => {
        resolve();
      });
  });
}
