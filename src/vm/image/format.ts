import { open, type FileHandle } from "node:fs/promises";
import { MachineError } from "../../driver/index.js";
import { isQcow2, readQcow2 } from "./qcow2.js";

/** What is in the file of an image. */
export interface Format {
  readonly format: "qcow2" | "raw";
  /** Size of the disk in bytes. */
  readonly size: number;
}

/** First bytes of files that are no disks: what they are. */
const others: readonly (readonly [magic: string, what: string])[] = [
  ["fd377a585a00", "compressed by xz"],
  ["425a68", "compressed by bzip2"],
  ["28b52ffd", "compressed by zstd"],
  ["504b0304", "a zip archive"],
  ["4b444d56", "a VMDK disk"],
  ["23204469736b2044", "a VMDK disk"],
  ["7668647866696c65", "a VHDX disk"],
  ["636f6e6563746978", "a VHD disk"],
  ["4c554b53babe", "an encrypted disk"],
];

/** The largest disk that we make: what the map of a VDI has room for. */
export const maxDiskSize = 2 ** 41;

/** True for what gzip has compressed. */
export function isGzip(start: Buffer): boolean {
  return start.subarray(0, 2).toString("hex") === "1f8b";
}

/** The first bytes of a file. */
export async function startOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    return (await file.read(Buffer.alloc(512), 0, 512, 0)).buffer.subarray(0, 512);
  } finally {
    await file.close();
  }
}

/**
 * Tells a qcow2 by its first bytes; what is nothing else that we know is raw.
 * @param name what errors call it
 * @throws MachineError `usage` for what no machine can have as its disk, or what would make it read other files
 */
export async function formatOf(path: string, name: string): Promise<Format> {
  const file = await open(path);
  try {
    return await formatIn(file, name);
  } finally {
    await file.close();
  }
}

async function formatIn(file: FileHandle, name: string): Promise<Format> {
  const { size } = await file.stat();
  const start = Buffer.alloc(512);
  await file.read(start, 0, 512, 0);
  const found = isQcow2(start)
    ? { format: "qcow2" as const, size: (await readQcow2(file, name)).size }
    : { format: "raw" as const, size };
  const what = found.format === "raw" ? notADisk(start, size) : undefined;
  if (what !== undefined) {
    throw new MachineError("usage", `${name} is ${what}, not a raw or qcow2 disk`, {
      hint: "unpack or convert it first, e.g. with qemu-img convert -O qcow2, and give the file",
    });
  }
  if (found.size > maxDiskSize) throw new MachineError("usage", `${name} is a disk of more than 2 TiB`);
  return found;
}

function notADisk(start: Buffer, size: number): string | undefined {
  if (size === 0) return "empty";
  if (/^\s*<(!doctype|html|\?xml)/i.test(start.toString("latin1"))) return "a web page";
  if (start.readUInt32LE(64) === 0xbeda107f) return "a VDI disk";
  const hex = start.toString("hex");
  return others.find(([magic]) => hex.startsWith(magic))?.[1];
}
