import { constants } from "node:os";
import type { Readable } from "node:stream";
import { MachineError } from "../driver/index.js";

/** Characters of a command's output after which it is given up: more than any that we ask for. */
const outputLimit = 32 * 1024 ** 2;

/** Characters of a line; what follows them is dropped. */
const lineLimit = 1024 ** 2;

/** What a command has written so far. */
export interface OutputLines {
  stdout(): string;
  stderr(): string;
  /** The last 20 lines of both streams in the order of their arrival; undefined when there are none. */
  tail(): string | undefined;
  /** Rejects when there is more than anybody asked for. Nothing of a stream is read after that. */
  readonly flooded: Promise<never>;
}

/**
 * Reads both streams of a command to their end as UTF-8. `onLine` gets whole lines without the line end.
 * @param name of the command's host or program, for `flooded`
 */
export function gather(name: string, stdout: Readable, stderr: Readable, onLine?: (line: string) => void): OutputLines {
  const last: string[] = [];
  const take = (line: string): void => {
    last.push(line);
    if (last.length > 20) last.shift();
    onLine?.(line);
  };
  let flood: (error: MachineError) => void = () => undefined;
  const flooded = new Promise<never>((_, reject) => {
    flood = reject;
  });
  let left = outputLimit;
  const allow = (length: number): boolean => {
    left -= length;
    if (left >= 0) return true;
    const limit = `${String(outputLimit / 1024 ** 2)} MiB`;
    flood(new MachineError("failed", `${name}: a command printed more than ${limit}, so it was ended`));
    return false;
  };
  const out = read(stdout, allow, take);
  const err = read(stderr, allow, take);
  return { stdout: out, stderr: err, tail: () => (last.length === 0 ? undefined : last.join("\n")), flooded };
}

function read(stream: Readable, allow: (length: number) => boolean, take: (line: string) => void): () => string {
  const chunks: string[] = [];
  const line = { parts: [] as string[], length: 0 };
  const add = (part: string): void => {
    const kept = part.slice(0, lineLimit - line.length);
    line.parts.push(kept);
    line.length += kept.length;
  };
  const end = (): void => {
    const whole = line.parts.join("");
    Object.assign(line, { parts: [], length: 0 });
    take(shown(whole));
  };
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (!allow(chunk.length)) {
      stream.destroy();
      return;
    }
    chunks.push(chunk);
    const [first = "", ...others] = chunk.split("\n");
    add(first);
    for (const other of others) {
      end();
      add(other);
    }
  });
  stream.once("end", () => {
    if (line.length > 0) end();
  });
  return () => chunks.join("");
}

/** What a terminal would show of a line in the end: progress is drawn over what was there before. */
function shown(line: string): string {
  const whole = line.replace(/\r$/, "");
  return whole.slice(whole.lastIndexOf("\r") + 1);
}

/** The exit status as shells tell it: 128 and the signal's number when a signal ended the command. */
export function exitCode(code: number | null | undefined, signal: string | null | undefined): number | undefined {
  if (typeof code === "number") return code;
  if (typeof signal !== "string") return undefined;
  return 128 + (Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0);
}
