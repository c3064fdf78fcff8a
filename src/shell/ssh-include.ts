import { fileFailure, isSystemError } from "../driver/index.js";
import { readFileSync } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectory, replaceFile } from "../store/file.js";
import { includeOf } from "./openssh.js";

/**
 * Makes `Include FILE` the first line of the user's ssh configuration, where it goes for all hosts, unless it is there.
 * All else is kept byte for byte, and so is the mode; a missing file is made (0600), one that is a link is changed where
 * it lies.
 * @throws MachineError `failed` where it cannot be read or written
 */
export async function addInclude(userConfig: string, file: string): Promise<void> {
  await change(userConfig, (now) => (hasLine(now, file) ? now : `${lineFor(file)}\n${now}`));
}

/** Takes that line out again. @throws as {@link addInclude} */
export async function removeInclude(userConfig: string, file: string): Promise<void> {
  const line = lineFor(file);
  await change(userConfig, (now) => {
    const lines = now.split(/(?<=\n)/);
    return lines.filter((one) => one.replace(/\r?\n$/, "") !== line).join("");
  });
}

/** Whether the user's ssh configuration has that line. */
export function hasInclude(userConfig: string, file: string): boolean {
  try {
    return hasLine(readFileSync(userConfig, "latin1"), file);
  } catch {
    return false;
  }
}

function hasLine(text: string, file: string): boolean {
  return text.split(/\r?\n/).includes(lineFor(file));
}

/** Its UTF-8 bytes as latin1, in which the user's file is read and written since that keeps every byte. */
function lineFor(file: string): string {
  return Buffer.from(includeOf(file)).toString("latin1");
}

async function change(path: string, edit: (now: string) => string): Promise<void> {
  try {
    const { target, now, mode } = await existing(path);
    const next = edit(now);
    if (next === now) return;
    await makeDirectory(dirname(target));
    await replaceFile(target, Buffer.from(next, "latin1"), mode);
  } catch (error) {
    throw fileFailure(`${path} cannot be changed`, error);
  }
}

async function existing(
  path: string,
): Promise<{ readonly target: string; readonly now: string; readonly mode: number }> {
  try {
    const target = await realpath(path);
    const [now, { mode }] = await Promise.all([readFile(target, "latin1"), stat(target)]);
    return { target, now, mode: mode & 0o777 };
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return { target: path, now: "", mode: 0o600 };
    throw error;
  }
}
