/**
 * What kind of failure it was. `--json` errors carry it in `code`;
 * the exit status is coarser, because docker-machine's scripts know it: see {@link exitStatus}.
 */
export type ErrorCode =
  | "failed"
  | "usage"
  | "precheck"
  | "not-found"
  | "exists"
  | "busy"
  | "unsupported"
  | "unreachable"
  | "untrusted"
  | "interrupted";

export interface ErrorOptions {
  /** What to type or look at next: one line, no full stop. */
  readonly hint?: string | undefined;
  /** Output that explains the failure, e.g. the last lines of a remote command. Never a secret. */
  readonly output?: string | undefined;
  readonly cause?: unknown;
}

const brand = Symbol.for("machine.error");

/** The only error class: every failure that a user can do something about. Anything else is a bug. */
export class MachineError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly output: string | undefined;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MachineError";
    this.code = code;
    this.hint = options.hint;
    this.output = options.output;
  }
}

/** True for a MachineError of this copy of the package or of another one (`instanceof` would miss the latter). */
export function isMachineError(error: unknown): error is MachineError {
  return typeof error === "object" && error !== null && brand in error;
}

/** True for the error of {@link Io.run} for a program that is not there, and for one that it caused. */
export function isNotInstalled(error: unknown): boolean {
  return isMachineError(error) && (/ is not installed$/.test(error.message) || isNotInstalled(error.cause));
}

/** 1 for an error, 2 for wrong usage, 3 for a failed pre-create check, 130 when interrupted (docker-machine's, but for 2). */
export function exitStatus(code: ErrorCode): number {
  switch (code) {
    case "usage":
      return 2;
    case "precheck":
      return 3;
    case "interrupted":
      return 130;
    default:
      return 1;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
