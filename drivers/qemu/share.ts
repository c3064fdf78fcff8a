import { stat } from "node:fs/promises";
import { absolutePath, type Io } from "../../src/driver/index.js";
import { shareFolder, type QemuState } from "./state.js";

/** A folder of this computer that the machine has as well, by 9p. */
export interface Share {
  /** By which the machine knows it. */
  readonly tag: string;
  readonly host: string;
  readonly guest: string;
}

export function sharesOf({ ShareFolders }: Pick<QemuState, "ShareFolders">): readonly Share[] {
  return ShareFolders.map((folders, index) => {
    const [, host = "", guest = ""] = shareFolder.exec(folders) ?? [];
    return { tag: `share${String(index)}`, host, guest };
  });
}

/** Lines of fstab; a machine starts without a folder that is gone. */
export function mountsOf(state: Pick<QemuState, "ShareFolders">): readonly (readonly string[])[] {
  const options = "trans=virtio,version=9p2000.L,msize=131072,nofail";
  return sharesOf(state).map(({ tag, guest }) => [tag, guest, "9p", options, "0", "0"]);
}

/** The option's values with absolute paths, or what is wrong with the first one that cannot be. */
export async function checkShares(
  given: readonly string[],
  platform: NodeJS.Platform,
  env: Io["env"],
): Promise<{ readonly folders: readonly string[]; readonly problem?: string }> {
  if (given.length > 0 && platform === "win32") {
    return { folders: [], problem: "--qemu-share-folder: QEMU for Windows cannot share folders" };
  }
  const folders: string[] = [];
  for (const folder of given) {
    const [, host, guest] = shareFolder.exec(folder) ?? [];
    if (host === undefined || guest === undefined) {
      return { folders, problem: `--qemu-share-folder must be HOSTDIR:GUESTDIR, not "${folder}"` };
    }
    const path = absolutePath(host, env);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) return { folders, problem: `--qemu-share-folder: there is no folder ${path}` };
    folders.push(`${path}:${guest}`);
  }
  return { folders };
}
