import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileFailure, isMachineError, refuseStrangeFiles, type Io } from "../../driver/index.js";
import { imagesFolder, lockName, manifests } from "./cache.js";
import { shortDigest } from "./digest.js";
import { readManifest, type Manifest } from "./manifest.js";

/** An image in the cache of a store. */
export interface StoredImage extends Manifest {
  /** Bytes of all that is kept of it. */
  readonly kept: number;
}

export async function storedImages(storePath: string): Promise<readonly StoredImage[]> {
  const images = imagesFolder(storePath);
  refuseStrangeFiles(images);
  const all = await manifests(images);
  return Promise.all(all.map(async (one) => ({ ...one, kept: await bytesIn(join(images, shortDigest(one.digest))) })));
}

/** What the machines of a store need of the cache. */
export interface Use {
  readonly digests: ReadonlySet<string>;
  /** A machine is being made of an image whose digest nobody knew before. */
  readonly hasUnpinned: boolean;
  /** Of some machine it cannot be told. */
  readonly isUnknown: boolean;
}

export interface Removed {
  /** Where the image came from, or what else it was. */
  readonly name: string;
  readonly bytes: number;
}

/**
 * Removes images that no machine uses, and what is left of downloads. One that is being got or converted stays, and so
 * does one that a create has got: it has saved which one it wants before it locks the image, and `inUse` is asked under
 * that lock.
 * @param io whose lock throws `busy` where somebody else has it
 * @param inUse asked anew for each
 */
export async function pruneImages(
  storePath: string,
  io: Pick<Io, "lock">,
  inUse: () => Promise<Use>,
): Promise<readonly Removed[]> {
  const images = imagesFolder(storePath);
  refuseStrangeFiles(images);
  const removed: Removed[] = [];
  for (const folder of (await readdir(images).catch(() => [])).sort()) {
    const remove = async (): Promise<void> => {
      const manifest = await readManifest(images, folder);
      if (manifest !== undefined && isUsed(manifest, await inUse())) return;
      const bytes = await bytesIn(join(images, folder));
      await rm(join(images, folder), { recursive: true, force: true });
      removed.push({ name: manifest?.source ?? "what was left of a download", bytes });
    };
    await io.lock(lockName(folder), remove).catch((error: unknown) => {
      if (!isMachineError(error)) throw fileFailure(`${folder} cannot be removed`, error);
      if (error.code !== "busy") throw error;
    });
  }
  return removed;
}

function isUsed({ digest, isPinned }: Manifest, use: Use): boolean {
  return use.isUnknown || use.digests.has(digest) || (use.hasUnpinned && !isPinned);
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
