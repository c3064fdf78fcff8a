import { isMachineError, MachineError, messageOf, interrupted } from "../../driver/index.js";

/**
 * What to tell a user of an error of the file system, or of an interruption.
 * @param what that failed, e.g. `/a/b cannot be written`
 */
export function fileFailure(what: string, error: unknown): MachineError {
  if (isMachineError(error)) return error;
  const code = codeOf(error);
  if (code === "ABORT_ERR") return interrupted(error);
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return new MachineError("failed", `${what}: ${isFull ? "the disk is full" : messageOf(error)}`, {
    hint: isFull ? "make room on that disk (df -h shows how full it is), then type the command again" : undefined,
    cause: error,
  });
}

/** The code of an error of Node's own, e.g. `ENOENT`. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
