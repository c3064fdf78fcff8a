import { open, type FileHandle } from "node:fs/promises";
import { MachineError } from "../../driver/index.js";
import { isQcow2, readQcow2 } from "./qcow2.js";

/** What is in the file of an image. */
export interface Format {
  readonly format: "qcow2" | "raw";
  /** Size of the disk in bytes. */
  readonly size: number;
}

interface Other {
  readonly what: string;
  /** Bytes in hex, and where they stand. */
  readonly magic: string;
  readonly at?: number;
  /** How it becomes a disk. */
  readonly hint: string;
}

const converted = "convert it first: qemu-img convert -O qcow2 FILE disk.qcow2";

/** Files that are no disks that a machine can have. */
const others: readonly Other[] = [
  { what: "compressed by xz", magic: "fd377a585a00", hint: "unpack it first: xz -d FILE" },
  { what: "compressed by bzip2", magic: "425a68", hint: "unpack it first: bzip2 -d FILE" },
  { what: "compressed by zstd", magic: "28b52ffd", hint: "unpack it first: zstd -d FILE" },
  { what: "a zip archive", magic: "504b0304", hint: "unpack it first: unzip FILE" },
  { what: "a tar archive", magic: "7573746172", at: 257, hint: "unpack it first: tar -xf FILE" },
  { what: "a VMDK disk", magic: "4b444d56", hint: converted },
  { what: "a VMDK disk", magic: "23204469736b2044", hint: converted },
  { what: "a VHDX disk", magic: "7668647866696c65", hint: converted },
  { what: "a VHD disk", magic: "636f6e6563746978", hint: converted },
  { what: "a VDI disk", magic: "7f10dabe", at: 64, hint: converted },
  { what: "an encrypted disk", magic: "4c554b53babe", hint: "use an image that is not encrypted" },
  {
    what: "an ISO image",
    magic: "4344303031",
    at: 32_769,
    hint: "use a cloud image, not an installer",
  },
];

/** The largest disk that we make: what the map of a VDI has room for. */
export const maxDiskSize = 2 ** 41;

/** True for what gzip has compressed. */
export function isGzip(start: Buffer): boolean {
  return start.subarray(0, 2).toString("hex") === "1f8b";
}

/** The first bytes of a file: all that is needed to tell what it is. */
export async function startOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    return await startIn(file);
  } finally {
    await file.close();
  }
}

const startSize = 33_000;

async function startIn(file: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(startSize), 0, startSize, 0);
  return buffer.subarray(0, bytesRead);
}

/**
 * What a file is that begins so, where it can be no disk of a machine and is not gzip.
 * @throws MachineError `usage` that says what to do
 */
export function refuseOthers(start: Buffer, name: string): void {
  const other = others.find(({ magic, at = 0 }) => start.toString("hex", at, at + magic.length / 2) === magic);
  if (other !== undefined) throw notADisk(name, other.what, other.hint);
  if (/^\s*<(!doctype|html|\?xml)/i.test(start.toString("latin1", 0, 512))) {
    throw notADisk(name, "a web page", "check that the URL leads to the file itself");
  }
}

function notADisk(name: string, what: string, hint: string): MachineError {
  return new MachineError("usage", `${name} is ${what}, not a raw or qcow2 disk`, { hint });
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
  const start = await startIn(file);
  const found = isQcow2(start)
    ? { format: "qcow2" as const, size: (await readQcow2(file, name)).size }
    : { format: "raw" as const, size };
  if (found.format === "raw") refuseAllButDisks(start, name);
  if (found.size > maxDiskSize) throw new MachineError("usage", `${name} is a disk of more than 2 TiB`);
  return found;
}

/** A disk that a computer boots from ends its first sector by 55 AA, also one with GPT: UEFI 2.10, 5.2.3. */
function refuseAllButDisks(start: Buffer, name: string): void {
  refuseOthers(start, name);
  if (start.length === 0) throw notADisk(name, "empty", "download it again");
  if (start.toString("hex", 510, 512) === "55aa") return;
  throw notADisk(name, "a file without a boot sector", "use a cloud image: machine image ls lists some");
}
