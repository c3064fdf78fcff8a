import { fileFailure, isSystemError, isObject, type JsonObject } from "../driver/index.js";
import { open, readFile } from "node:fs/promises";
import { replaceFile } from "./file.js";

/** A command that was run on a machine. */
export interface LoggedCommand {
  /** When it was begun, ISO 8601. */
  readonly at: string;
  /** What it was for, of a script of ours; else itself. Never a secret. */
  readonly command: string;
  readonly durationMs: number;
  /** Null where the connection broke or the time was over before. */
  readonly exitCode: number | null;
  /** Why there is no exit status. */
  readonly error: string | null;
}

/**
 * Adds a line to a machine's log.
 * @param limit bytes; in a log that has more, the older half makes room. Default: 1 MiB
 * @throws the file system's error
 */
export async function noteCommand(path: string, entry: LoggedCommand, limit = 1_048_576): Promise<void> {
  const { command, error } = entry;
  const line = JSON.stringify({ ...entry, command: masked(command), error: error === null ? null : masked(error) });
  const file = await open(path, "a", 0o600);
  let size: number;
  try {
    await file.writeFile(`${line}\n`);
    ({ size } = await file.stat());
  } finally {
    await file.close();
  }
  if (size > limit) await dropOlderHalf(path);
}

/** Oldest first. A machine on which nothing was run has none; a line that was cut off is left out. */
export async function loggedCommands(path: string): Promise<readonly LoggedCommand[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return "";
    throw fileFailure(`${path} cannot be read`, error);
  });
  return text.split("\n").flatMap((line) => parsed(line) ?? []);
}

async function dropOlderHalf(path: string): Promise<void> {
  const text = await readFile(path);
  await replaceFile(path, text.subarray(text.indexOf("\n", text.length / 2) + 1));
}

function parsed(line: string): LoggedCommand | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isObject(entry) && isLogged(entry) ? (entry as unknown as LoggedCommand) : undefined;
  } catch {
    return undefined;
  }
}

function isLogged({ at, command, durationMs, exitCode, error }: JsonObject): boolean {
  const isText = (value: unknown): boolean => typeof value === "string";
  const isNumber = (value: unknown): boolean => typeof value === "number";
  return (
    [at, command].every(isText) &&
    isNumber(durationMs) &&
    (exitCode === null || isNumber(exitCode)) &&
    (error === null || isText(error))
  );
}

/** Parameters travel on stdin; a driver of somebody else may not know that. */
function masked(text: string): string {
  return text
    .replace(/(:\/\/[^\s:@/]*:)[^\s@/]+@/g, "$1***@")
    .replace(/((?:password|passwd|token|secret|key)=)('[^']*'|"[^"]*"|\S+)/gi, "$1***");
}
