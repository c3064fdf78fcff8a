import { interrupted, isMachineError, MachineError, messageOf } from "./error.js";

/**
 * A `failed` error that says what the file system refused and, where there is something, what to do about it;
 * `interrupted` for what a signal has cut off.
 * @param what that failed, e.g. `/a/b cannot be written`
 */
export function fileFailure(what: string, error: unknown): MachineError {
  if (isSystemError(error, "ABORT_ERR")) return interrupted(error);
  const [, hint] = advice.find(([codes]) => isSystemError(error, ...codes)) ?? [];
  return new MachineError("failed", `${what}: ${reasonOf(error)}`, { hint, cause: error });
}

/** Without the names of temporary files. */
function reasonOf(error: unknown): string {
  return messageOf(error).replace(/^(E[A-Z0-9]+: [^,]+), \w+( '[^]*')?$/, "$1");
}

const advice: readonly (readonly [codes: readonly string[], hint: string])[] = [
  [["ENOSPC", "EDQUOT"], "make room on that disk (df -h shows how full it is), then type the command again"],
  [["EROFS"], "make that disk writable, or use another store: --storage-path DIRECTORY"],
  [["EACCES", "EPERM"], "let yourself write there, or use another store: --storage-path DIRECTORY"],
];

/** True for an error of Node's file system calls with one of these codes, e.g. `ENOENT`, or a MachineError that it caused. */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  if (isMachineError(error)) return isSystemError(error.cause, ...codes);
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
