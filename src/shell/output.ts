import { constants } from "node:os";
import type { Readable } from "node:stream";

/** What a command has written so far. */
export interface OutputLines {
  stdout(): string;
  stderr(): string;
  /** The last 20 lines of both streams in the order of their arrival; undefined when there are none. */
  tail(): string | undefined;
}

/** Reads both streams of a command to their end as UTF-8. `onLine` gets whole lines without the line end. */
export function gather(stdout: Readable, stderr: Readable, onLine?: (line: string) => void): OutputLines {
  const last: string[] = [];
  const take = (line: string): void => {
    last.push(line);
    if (last.length > 20) last.shift();
    onLine?.(line);
  };
  const out = read(stdout, take);
  const err = read(stderr, take);
  return { stdout: out, stderr: err, tail: () => (last.length === 0 ? undefined : last.join("\n")) };
}

function read(stream: Readable, take: (line: string) => void): () => string {
  const chunks: string[] = [];
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    chunks.push(chunk);
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(shown(line));
  });
  stream.once("end", () => {
    if (rest !== "") take(shown(rest));
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
