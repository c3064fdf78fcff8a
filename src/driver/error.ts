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

  /** The same failure in other words: what `changes` leaves out stays as it is. This error is the new one's cause. */
  with(changes: Partial<Pick<MachineError, "code" | "message" | "hint" | "output">>): MachineError {
    const { code = this.code, message = this.message, hint = this.hint, output = this.output } = changes;
    return new MachineError(code, message, { hint, output, cause: this });
  }
}

/** The error of what Ctrl-C or the end of the session has cut off. */
export function interrupted(cause?: unknown): MachineError {
  return new MachineError("interrupted", "interrupted", { cause });
}

/** True for a MachineError of this copy of the package or of another one (`instanceof` would miss the latter). */
export function isMachineError(error: unknown): error is MachineError {
  return typeof error === "object" && error !== null && brand in error;
}

/** True for a failure that the caller may go on after: neither a bug nor an interruption. */
export function isExpected(error: unknown): error is MachineError {
  return isMachineError(error) && error.code !== "interrupted";
}

/** True for the error of {@link Io.run} for a program that is not there, and for one that it caused. */
export function isNotInstalled(error: unknown): boolean {
  return isMachineError(error) && (/ is not installed$/.test(error.message) || isNotInstalled(error.cause));
}

/** 1 for an error, 2 for wrong usage, 3 for a failed pre-create check, 130 when interrupted (docker-machine's, but for 2). */
export function exitStatus(code: ErrorCode): number {
  const statuses: Partial<Record<ErrorCode, number>> = { usage: 2, precheck: 3, interrupted: 130 };
  return statuses[code] ?? 1;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Waits for all; their results in the order given. @throws one error with everything that went wrong */
export async function settleAll<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(works);
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (errors.length > 0) throw combineErrors(errors);
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** One error that says what several say, one after another. */
export function combineErrors(errors: readonly unknown[]): unknown {
  const known = errors.filter(isMachineError);
  if (errors.length === 1 || known.length < errors.length)
    return errors.find((error) => !isMachineError(error)) ?? errors[0];
  const hints = new Set(known.flatMap(({ hint }) => (hint === undefined ? [] : [hint])));
  const texts = known.map(({ message, output }) => (output === undefined ? message : `${message}\n${output}`));
  const code = known.some((one) => one.code === "interrupted") ? "interrupted" : (known[0]?.code ?? "failed");
  return new MachineError(code, texts.join("\n"), { hint: hints.size === 0 ? undefined : [...hints].join("; ") });
}

/** The same error with the machine's name in its hint, where one that was written without knowing it says NAME. */
export function withMachineName(machine: string, error: unknown): unknown {
  if (!isMachineError(error) || error.hint === undefined) return error;
  return error.with({ hint: error.hint.replace(/\bNAME\b/g, machine) });
}

/** The same error with `what` before its message: what was being done, and on which machine. */
export function whileDoing(what: string, error: unknown): unknown {
  return isMachineError(error) ? error.with({ message: `${what}: ${error.message}` }) : error;
}
