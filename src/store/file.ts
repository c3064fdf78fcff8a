import { promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileFailure, isSystemError } from "../driver/index.js";

/** What is to be at a path. */
export interface NewFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Permission bits, whatever the umask. Default 0600. */
  readonly mode?: number;
}

/**
 * Puts `content` at `path` in one move: a reader sees the old bytes or the new ones, never a part and never nothing,
 * also when the process or the computer dies on the way. On failure (e.g. a full disk) the old file is left as it was
 * and nothing stays beside it. A file that exists loses its mode and owner to the new one.
 * @param mode permission bits of the new file, whatever the umask; default 0600
 * @throws MachineError like {@link fileFailure}
 */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  return replaceFiles([{ path, content, mode }]);
}

/**
 * The same for files that are of use only together, e.g. a certificate and its key: all of them are on the disk before
 * the first is put in its place, so that a full disk leaves all the old ones.
 * @param staging directory of the same disk for those that are not in their place yet; default: that of each
 */
export async function replaceFiles(files: readonly NewFile[], staging?: string): Promise<void> {
  const staged = files.map((file) => ({
    ...file,
    temporary: join(staging ?? dirname(file.path), `.new-${basename(file.path)}-${crypto.randomUUID()}`),
  }));
  const forEach = async (work: (file: (typeof staged)[number]) => Promise<void>): Promise<void> => {
    for (const file of staged) {
      await work(file).catch((error: unknown) => {
        throw fileFailure(`${file.path} cannot be written`, error);
      });
    }
  };
  try {
    await forEach(({ temporary, content, mode }) => writeDurably(temporary, content, mode ?? 0o600));
    await forEach(({ temporary, path }) => renameOver(temporary, path));
  } catch (error) {
    await Promise.allSettled(staged.map(({ temporary }) => fs.rm(temporary, { force: true })));
    throw error;
  }
  await Promise.all([...new Set(files.map(({ path }) => dirname(path)))].map(syncDirectory));
}

/**
 * Makes a directory for the user alone, and those above it; fine when it is there. Node's own recursion says ENOENT
 * where the disk is read-only.
 * @throws the file system's error
 */
export async function makeDirectory(path: string): Promise<void> {
  const make = (): Promise<void> =>
    fs.mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
      if (!isSystemError(error, "EEXIST")) throw error;
    });
  try {
    await make();
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
    await makeDirectory(dirname(path));
    await make();
  }
}

/** Gives a directory another name beside it, for good. @throws the file system's error, e.g. where there is one of that name */
export async function renameDirectory(from: string, to: string): Promise<void> {
  await renameOver(from, to);
  await syncDirectory(dirname(to));
}

/** Removes what a process that was killed left beside the files of a directory; the caller has the lock for them. */
export async function removeLeftovers(directory: string): Promise<void> {
  await Promise.allSettled((await leftoversIn(directory)).map((path) => fs.rm(path, { force: true })));
}

/** Paths of such files; without the lock also of those that are being written. */
export async function leftoversIn(directory: string): Promise<readonly string[]> {
  const names = await fs.readdir(directory).catch(() => []);
  return names.filter((name) => /^\.new-.+-[0-9a-f-]{36}$/.test(name)).map((name) => join(directory, name));
}

async function writeDurably(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await fs.open(path, "wx", mode);
  try {
    await file.writeFile(content);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Windows refuses to replace a file that a reader or a virus scanner has open; that passes within moments. */
async function renameOver(from: string, to: string): Promise<void> {
  for (let pause = 10; ; pause *= 2) {
    try {
      await fs.rename(from, to);
      return;
    } catch (error) {
      const passes = platform() === "win32" && isSystemError(error, "EPERM", "EBUSY", "EACCES");
      if (!passes || pause > 1_000) throw error;
      await sleep(pause);
    }
  }
}

/** The rename itself is on disk only after this. Windows and some network file systems do not let a directory be synced. */
async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle;
  try {
    directory = await fs.open(path, "r");
  } catch (error) {
    if (isSystemError(error, "EPERM", "EACCES", "EISDIR")) return;
    throw error;
  }
  try {
    await directory.sync();
  } catch (error) {
    if (!isSystemError(error, "EPERM", "EINVAL", "ENOTSUP", "EBADF")) throw error;
  } finally {
    await directory.close();
  }
}
