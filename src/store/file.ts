import { promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Puts `content` at `path` in one move: a reader sees the old bytes or the new ones, never a part and never nothing,
 * also when the process or the computer dies on the way. On failure (e.g. a full disk) the old file is left as it was
 * and nothing stays beside it. A file that exists loses its mode and owner to the new one.
 * @param mode permission bits of the new file, whatever the umask; default 0600
 * @throws the file system's error
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = join(dirname(path), `${temporaryPrefix}${basename(path)}-${crypto.randomUUID()}`);
  try {
    await writeDurably(temporary, content, mode);
    await renameOver(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** After a crash a file whose name begins so may be left; it may be removed. */
const temporaryPrefix = ".new-";

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

/** True for an error of Node's file system calls with one of these codes, e.g. `ENOENT`. */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
