import type { Readable, Writable } from "node:stream";

/** What the process is given: its streams and surroundings. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at Ctrl-C or when the process is asked to end. */
  readonly signal: AbortSignal;
  /** How the program was called, as a person would type it again: `machine`. */
  readonly program: string;
  /** The file that was started. */
  readonly file: string;
  readonly platform: NodeJS.Platform;
}

/** The same for `main`, as one parameter, so that a test replaces it whole. Commands print by an `Output`. */
export interface WritableTerminal extends Terminal {
  /** Takes text to stdout, in order and whole. */
  readonly write: (text: string) => void;
}

/** What is no result: progress, warnings, questions. */
export function tell({ stderr }: Terminal, text: string): void {
  stderr.write(`${printable(text)}\n`);
}

/** The same for a program: a JSON document on a line of its own, whole. */
export function tellJson({ stderr }: Terminal, value: unknown): void {
  stderr.write(`${JSON.stringify(value)}\n`);
}

/** Characters of a line in a terminal; the rest of a longer one is left out. */
const lineLimit = 4_000;

/**
 * Text as a terminal may have it, whoever wrote it: no control characters but line feeds and tabs, none that turns the
 * direction of writing, and lines of at most 4,000 characters.
 */
export function printable(text: string): string {
  const harmless = text.replace(/\r\n/g, "\n").replace(/[^\P{Cc}\n\t]|\p{Bidi_Control}/gu, "?");
  return harmless.length <= lineLimit ? harmless : harmless.split("\n").map(shortened).join("\n");
}

function shortened(line: string): string {
  return line.length <= lineLimit ? line : `${line.slice(0, lineLimit)}...`;
}

/** Somebody sees what is asked on stderr and can answer it. */
export function isPerson({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}
