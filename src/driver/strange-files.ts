import { lstatSync, readdirSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { MachineError } from "./error.js";

/**
 * Refuses a directory of the store that holds anything but files, directories and sockets. The program makes nothing
 * else there, but a store may come from somebody else: through a link one would write or read elsewhere, and a named
 * pipe or a device is never read to its end.
 * @param depth default: the directory itself, and also what lies in its directories
 * @throws MachineError `failed`; what cannot be listed is left to those who want to read it
 */
export function refuseStrangeFiles(directory: string, depth: "all" | "top" = "all"): void {
  if (depth === "all" && isLink(directory)) throw strangeFile(directory, "a link");
  const strange = entriesOf(directory, depth === "all").find(
    (entry) => !entry.isFile() && !entry.isDirectory() && !entry.isSocket(),
  );
  if (strange === undefined) return;
  throw strangeFile(join(strange.parentPath, strange.name), kindOf(strange));
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function strangeFile(path: string, kind: string): MachineError {
  return new MachineError("failed", `${path} is ${kind}, which a store must not contain`, {
    hint: "replace it by the file or directory itself, or remove it",
  });
}

function entriesOf(directory: string, recursive: boolean): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true, recursive });
  } catch {
    return [];
  }
}

function kindOf(entry: Dirent): string {
  if (entry.isSymbolicLink()) return "a link";
  return entry.isFIFO() ? "a named pipe" : "a device";
}
