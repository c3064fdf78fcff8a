import { constants, existsSync } from "node:fs";
import { copyFile, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMachineError, MachineError, type Io, fileFailure } from "../../driver/index.js";
import { lockName } from "./cache.js";
import { shortDigest } from "./digest.js";
import { maxDiskSize } from "./format.js";
import type { ImageFile } from "./image.js";
import { qcow2Clusters, readQcow2 } from "./qcow2.js";
import { rawExtents } from "./raw.js";
import { personalize, writeBlocks } from "./vdi-format.js";

/**
 * Writes a dynamic VDI disk for one machine, with an id of its own, from an image. The conversion is done once for each
 * image and kept beside it; a copy of that gets the machine's size.
 * @param path of the new disk; what is there is replaced
 * @param size in bytes; not smaller than the image's
 * @throws MachineError `usage` for a size that cannot be; `unsupported` for an image that needs qemu-img, where that is
 * not installed
 */
export async function writeVdi(image: ImageFile, path: string, size: number, io: Io): Promise<void> {
  if (size < image.size || size > maxDiskSize) {
    const [least, most] = [image.size / 2 ** 20, maxDiskSize / 2 ** 20].map(Math.ceil);
    throw new MachineError("usage", `the disk must have between ${String(least)} and ${String(most)} MiB`);
  }
  const temporary = `${path}.new`;
  try {
    const base = await convertedOnce(image, io);
    await rm(temporary, { force: true });
    await copyFile(base, temporary, constants.COPYFILE_FICLONE);
    await personalize(temporary, size);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw isMachineError(error) ? error : fileFailure(`${path} cannot be written`, error);
  }
}

/** The VDI that is kept beside an image. */
function convertedOnce(image: ImageFile, io: Io): Promise<string> {
  const vdi = join(dirname(image.path), "image.vdi");
  return io.lock(lockName(shortDigest(image.digest)), async () => {
    if (existsSync(vdi)) return vdi;
    const temporary = `${vdi}.new`;
    try {
      await convert(image, temporary, io);
      await rename(temporary, vdi);
      return vdi;
    } finally {
      await rm(temporary, { force: true });
    }
  });
}

async function convert(image: ImageFile, vdi: string, io: Io): Promise<void> {
  const source = await open(image.path);
  try {
    if (image.format === "raw") {
      await writeBlocks(vdi, rawExtents(source, image.size), image.size, io.signal);
      return;
    }
    const header = await readQcow2(source, image.path);
    if (header.needsQemu) await convertByQemu(image, vdi, io);
    else await writeBlocks(vdi, qcow2Clusters(source, header, image.path), image.size, io.signal);
  } finally {
    await source.close();
  }
}

/** By way of a raw file, since qemu-img leaves no room in a VDI for a disk that grows. */
async function convertByQemu(image: ImageFile, vdi: string, io: Io): Promise<void> {
  const raw = `${vdi}.raw`;
  try {
    await io.run("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", image.path, raw]).catch((cause: unknown) => {
      if (isMachineError(cause) && cause.code === "interrupted") throw cause;
      throw new MachineError("unsupported", `${image.path} is a qcow2 that only qemu-img can read`, {
        output: isMachineError(cause) ? [cause.message, cause.output ?? ""].join("\n").trim() : undefined,
        hint: "install qemu-img (package qemu-utils or qemu-img), or give an image that is not compressed by zstd",
        cause,
      });
    });
    await convert({ ...image, path: raw, format: "raw" }, vdi, io);
  } finally {
    await rm(raw, { force: true });
  }
}
