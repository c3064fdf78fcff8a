import { randomBytes } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { interrupted } from "../../driver/index.js";
import { maxDiskSize } from "./format.js";
import type { Extent } from "./qcow2.js";

/**
 * Version 1.1 of VirtualBox's disks: a header, a map with four bytes for each block of the disk, and the blocks that hold
 * something, in any order. Our map has room for the largest disk, so that a disk grows by its header alone.
 * @see https://forums.virtualbox.org/viewtopic.php?t=8046
 */
const blockSize = 2 ** 20;
const mapOffset = 2 ** 20;
const mapSize = (maxDiskSize / blockSize) * 4;
const dataOffset = mapOffset + mapSize;

/** Writes a disk of what is given in order; the rest of it is zeros. Memory: a block, and the map. */
export async function writeBlocks(
  path: string,
  extents: AsyncIterable<Extent>,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    // All ones: the block is not in the file.
    const map = Buffer.alloc(mapSize, 0xff);
    let used = 0;
    for await (const { index, bytes } of blocksOf(extents)) {
      if (signal.aborted) throw interrupted();
      await writeAt(file, bytes, dataOffset + used * blockSize);
      map.writeUInt32LE(used++, index * 4);
    }
    await writeAt(file, map, mapOffset);
    await writeAt(file, header(size, used), 0);
    await file.truncate(dataOffset + used * blockSize);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives a disk that {@link writeBlocks} has made another size, not a smaller one, and ids of its own. */
export async function personalize(path: string, size: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    const bytes = Buffer.alloc(4);
    await file.read(bytes, 0, 4, 388);
    await writeAt(file, header(size, bytes.readUInt32LE(0)), 0);
  } finally {
    await file.close();
  }
}

/** Blocks that hold something. The bytes are good until the next one is asked for. */
async function* blocksOf(
  extents: AsyncIterable<Extent>,
): AsyncGenerator<{ readonly index: number; readonly bytes: Buffer }> {
  const block = Buffer.alloc(blockSize);
  const zeros = Buffer.alloc(blockSize);
  let index = 0;
  for await (const { offset, bytes } of extents) {
    for (let done = 0; done < bytes.length;) {
      const at = offset + done;
      const next = Math.floor(at / blockSize);
      if (next !== index) {
        if (!block.equals(zeros)) yield { index, bytes: block };
        block.fill(0);
        index = next;
      }
      done += bytes.copy(block, at % blockSize, done);
    }
  }
  if (!block.equals(zeros)) yield { index, bytes: block };
}

/** @param used number of blocks in the file */
function header(size: number, used: number): Buffer {
  const bytes = Buffer.alloc(512);
  const sectors = Math.ceil(size / 512);
  const words: readonly (readonly [offset: number, value: number])[] = [
    [64, 0xbeda107f], // signature
    [68, 0x00010001], // version
    [72, 400], // size of the rest of the header
    [76, 1], // blocks are added when they are written
    [340, mapOffset],
    [344, dataOffset],
    [360, 512], // bytes of a sector
    [376, blockSize],
    [384, Math.ceil(size / blockSize)],
    [388, used],
    [468, 512],
  ];
  bytes.write("<<< disk image of machine >>>\n", 0, "latin1");
  for (const [offset, value] of words) bytes.writeUInt32LE(value, offset);
  bytes.writeBigUInt64LE(BigInt(sectors * 512), 368);
  // Of creation and of the last change; those of a parent are zeros.
  for (const offset of [392, 408]) newUuid().copy(bytes, offset);
  return bytes;
}

/** Random, of version 4, in the order of bytes in which VirtualBox stores it. */
function newUuid(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(7) & 0x0f) | 0x40, 7);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes;
}

async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
