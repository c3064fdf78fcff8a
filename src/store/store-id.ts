import { fileFailure, isSystemError } from "../driver/index.js";
import { promises as fs } from "node:fs";
import { dirname } from "node:path";
import { makeDirectory, replaceFile } from "./file.js";

/**
 * The id of the store, by which what was made for it is known at a provider. It is made when it is first asked for.
 * @param lock runs the making while nobody else does
 * @throws MachineError `failed` where the file cannot be read or written
 */
export async function storeId(path: string, lock: <T>(work: () => Promise<T>) => Promise<T>): Promise<string> {
  const found = await savedStoreId(path);
  if (found !== undefined) return found;
  return lock(async () => {
    const made = (await savedStoreId(path)) ?? crypto.randomUUID();
    await makeDirectory(dirname(path));
    await replaceFile(path, `${made}\n`);
    return made;
  });
}

/** The same where it was made already. @throws MachineError `failed` where the file cannot be read */
export async function savedStoreId(path: string): Promise<string | undefined> {
  try {
    const text = (await fs.readFile(path, "utf8")).trim();
    return text === "" ? undefined : text;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw fileFailure(`the store's id cannot be read`, error);
  }
}
