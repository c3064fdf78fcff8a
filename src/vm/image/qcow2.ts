import type { FileHandle } from "node:fs/promises";
import { constants, inflateRawSync } from "node:zlib";
import { MachineError, messageOf } from "../../driver/index.js";

/**
 * What is needed of the header of a qcow2 to read its disk.
 * @see https://www.qemu.org/docs/master/interop/qcow2.html
 */
export interface Qcow2 {
  /** Size of the disk in bytes. */
  readonly size: number;
  readonly version: number;
  readonly clusterBits: number;
  readonly l1Offset: number;
  readonly l1Size: number;
  /** True for what {@link qcow2Clusters} does not read: clusters compressed with zstd, or with parts. */
  readonly needsQemu: boolean;
}

/** A part of a disk that may hold something else than zeros. The bytes are good until the next one is asked for. */
export interface Extent {
  readonly offset: number;
  readonly bytes: Buffer;
}

export function isQcow2(start: Buffer): boolean {
  return start.length >= 4 && start.readUInt32BE(0) === 0x514649fb;
}

/**
 * Reads the header, and refuses what would make a machine read or need other files of this computer: images come from
 * elsewhere.
 * @param name what errors call it
 * @throws MachineError `usage`
 */
export async function readQcow2(file: FileHandle, name: string): Promise<Qcow2> {
  const bytes = Buffer.alloc(112);
  const { bytesRead } = await file.read(bytes, 0, 112, 0);
  const version = bytes.readUInt32BE(4);
  const clusterBits = bytes.readUInt32BE(20);
  const size = Number(bytes.readBigUInt64BE(24));
  const features = version >= 3 ? bytes.readUInt32BE(76) : 0;
  const hasUnknown = version >= 3 && (bytes.readUInt32BE(72) !== 0 || features >= 32);
  const headerSize = version >= 3 ? bytes.readUInt32BE(100) : 72;
  const refusal = [
    [bytesRead < 72 || ![2, 3].includes(version) || hasUnknown, "is a qcow2 of a kind that is not known"],
    [clusterBits < 9 || clusterBits > 21, "is a broken qcow2: its clusters have no possible size"],
    [bytes.readBigUInt64BE(8) !== 0n, "builds on another file, which its reader would be given as well"],
    [bytes.readUInt32BE(32) !== 0, "is encrypted"],
    [(features & 4) !== 0, "has its data in another file"],
    [(features & 2) !== 0, "is marked as damaged by who wrote it"],
  ].find(([isSo]) => isSo)?.[1];
  if (refusal !== undefined) {
    throw new MachineError("usage", `${name} ${String(refusal)}`, {
      hint: "qemu-img convert -O qcow2 makes one whole image of it, if you trust it",
    });
  }
  const compression = headerSize > 104 ? bytes.readUInt8(104) : 0;
  return {
    ...{ size, version, clusterBits },
    l1Size: bytes.readUInt32BE(36),
    l1Offset: Number(bytes.readBigUInt64BE(40)),
    needsQemu: (features & 16) !== 0 || compression !== 0,
  };
}

/** Entries of the first table that are needed for the disk; each is one table of the second level. */
function tablesOf({ size, clusterBits, l1Size }: Qcow2, name: string): number {
  const covered = 2 ** (2 * clusterBits - 3);
  const tables = Math.ceil(size / covered);
  // 32 MiB, as QEMU allows: what comes from elsewhere is not trusted with our memory.
  if (tables > l1Size || tables * 8 > 2 ** 25) throw broken(name, "its table has a wrong size");
  return tables;
}

/**
 * What a qcow2 holds, in the order of the disk; what is left out is zeros. Memory: two clusters and two tables.
 * @throws MachineError `failed` for a broken image
 */
export async function* qcow2Clusters(file: FileHandle, image: Qcow2, name: string): AsyncGenerator<Extent> {
  const { clusterBits, l1Offset, size } = image;
  const clusterSize = 2 ** clusterBits;
  const tables = tablesOf(image, name);
  const l1 = Buffer.alloc(tables * 8);
  await readWhole(file, l1, l1Offset, name);
  const l2 = Buffer.alloc(clusterSize);
  const scratch = Buffer.alloc(clusterSize);
  for (let table = 0; table < tables; table++) {
    const l2Offset = offsetIn(l1, table);
    if (l2Offset === 0) continue;
    await readWhole(file, l2, l2Offset, name);
    for (let entry = 0; entry < clusterSize / 8; entry++) {
      const offset = (table * (clusterSize / 8) + entry) * clusterSize;
      if (offset >= size) return;
      const bytes = await readCluster(file, l2, entry, scratch, image, name);
      if (bytes !== undefined) yield { offset, bytes: bytes.subarray(0, Math.min(clusterSize, size - offset)) };
    }
  }
}

/** Bits 9 to 55: where a table or a cluster begins in the file. */
function offsetIn(table: Buffer, index: number): number {
  const low = table.readUInt32BE(index * 8 + 4);
  return (table.readUInt32BE(index * 8) & 0xffffff) * 2 ** 32 + (low - (low & 511));
}

async function readCluster(
  file: FileHandle,
  l2: Buffer,
  entry: number,
  scratch: Buffer,
  { version, clusterBits }: Qcow2,
  name: string,
): Promise<Buffer | undefined> {
  if ((l2.readUInt8(entry * 8) & 0x40) !== 0) {
    return inflated(file, l2.readBigUInt64BE(entry * 8), clusterBits, name);
  }
  const isZero = version >= 3 && (l2.readUInt8(entry * 8 + 7) & 1) !== 0;
  const offset = offsetIn(l2, entry);
  if (isZero || offset === 0) return undefined;
  await readWhole(file, scratch, offset, name);
  return scratch;
}

/** The descriptor of a compressed cluster: where it begins, and how many sectors of 512 bytes it reaches into. */
async function inflated(file: FileHandle, descriptor: bigint, clusterBits: number, name: string): Promise<Buffer> {
  const offsetBits = BigInt(62 - (clusterBits - 8));
  const offset = Number(descriptor & ((1n << offsetBits) - 1n));
  const sectors = Number((descriptor & ((1n << 62n) - 1n)) >> offsetBits) + 1;
  const packed = Buffer.alloc(sectors * 512 - (offset % 512));
  const { bytesRead } = await file.read(packed, 0, packed.length, offset);
  const size = 2 ** clusterBits;
  try {
    // What follows in the last sector belongs to another cluster.
    const options = { maxOutputLength: size, finishFlush: constants.Z_SYNC_FLUSH };
    const bytes = inflateRawSync(packed.subarray(0, bytesRead), options);
    if (bytes.length === size) return bytes;
  } catch (error) {
    throw broken(name, messageOf(error));
  }
  throw broken(name, "a cluster is cut off");
}

/** The last cluster of a file may be short, which is read as zeros; what begins behind the end is no cluster. */
async function readWhole(file: FileHandle, into: Buffer, offset: number, name: string): Promise<void> {
  const { bytesRead } = Number.isSafeInteger(offset) ? await file.read(into, 0, into.length, offset) : { bytesRead: 0 };
  if (bytesRead === 0) throw broken(name, "it is cut off");
  into.fill(0, bytesRead);
}

function broken(name: string, why: string): MachineError {
  return new MachineError("failed", `${name} is a broken qcow2: ${why}`, { hint: "get the image again" });
}
