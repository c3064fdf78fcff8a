import type { Readable, Writable } from "node:stream";

/** What the process is given: its streams and surroundings. One parameter of `main`, so that a test replaces it whole. */
export interface Terminal {
  /** Takes text to stdout, in order and whole. */
  readonly write: (text: string) => void;
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

/** A result: what a script reads. */
export function print({ write }: Pick<Terminal, "write">, text: string): void {
  write(`${text}\n`);
}

/** Everything else: progress, warnings, questions. */
export function tell(terminal: Terminal, text: string): void {
  terminal.stderr.write(`${text}\n`);
}

/** Somebody sees what is asked on stderr and can answer it. */
export function isPerson({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}
