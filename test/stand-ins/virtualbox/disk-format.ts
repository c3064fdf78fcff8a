import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readSync, renameSync, statSync, writeSync } from "node:fs";

/** What a file really is, whatever its name says. */
export interface DiskFile {
  readonly format: "VDI" | "VMDK" | "VHD" | "QCOW" | "RAW";
  /** In the file; undefined where the format has none, or none was written. */
  readonly uuid?: string;
  /** Of the disk, in bytes. */
  readonly size: number;
  readonly fixed?: boolean;
}

/** Reads a hard disk's header. @returns undefined for what VirtualBox opens as no hard disk */
export function readHardDisk(file: string): DiskFile | undefined {
  const header = readAt(file, 0, 512);
  if (header.length < 512) return undefined;
  if (header.readUInt32LE(0x40) === 0xbeda107f) return readVdi(header);
  if (header.toString("latin1", 0, 4) === "KDMV") return readVmdk(file, header);
  if (header.toString("latin1", 0, 8) === "conectix") return { format: "VHD", size: imageInfo(file)["virtual-size"] };
  if (header.readUInt32BE(0) === 0x514649fb && !isCompressed(file)) {
    return { format: "QCOW", size: imageInfo(file)["virtual-size"] };
  }
  return undefined;
}

/** Whether VirtualBox takes a file for a DVD. */
export function isIso(file: string): boolean {
  const { size } = statSync(file);
  return size % 2048 === 0 && readAt(file, 32769, 5).toString("latin1") === "CD001";
}

/** The name that QEMU has for a format. */
export function qemuFormat(format: DiskFile["format"]): string {
  return { VDI: "vdi", VMDK: "vmdk", VHD: "vpc", QCOW: "qcow2", RAW: "raw" }[format];
}

/** Gives a VDI or VMDK an id of its own, which the tool that made it may not have done. @returns the id */
export function writeUuid(file: string, format: DiskFile["format"], uuid: string = randomUUID()): string {
  if (format === "VDI") writeAt(file, 0x188, mixed(Buffer.from(uuid.replace(/-/g, ""), "hex")));
  if (format === "VMDK") {
    const sector = readAt(file, 0, 512).readBigUInt64LE(28);
    const [place, text] = [Number(sector) * 512, descriptor(file)];
    const line = `ddb.uuid.image="${uuid}"\n`;
    const replaced = text.includes("ddb.uuid.image")
      ? text.replace(/ddb\.uuid\.image *= *"[^"]*"\n/, line)
      : `${text}${line}`;
    writeAt(file, place, Buffer.from(`${replaced}\0`));
  }
  return uuid;
}

/** Makes an empty disk. */
export function createDisk(file: string, format: DiskFile["format"], size: number, options: readonly string[]): string {
  qemuImage("create", "-q", "-f", qemuFormat(format), ...options, file, String(size));
  return writeUuid(file, format);
}

export function convertDisk(from: string, fromFormat: string, to: string, format: DiskFile["format"]): string {
  qemuImage("convert", "-f", fromFormat, "-O", qemuFormat(format), from, to);
  return writeUuid(to, format);
}

/** By a larger copy, as qemu-img enlarges no VDI in place. */
export function resizeDisk(file: string, format: DiskFile["format"], size: number): void {
  const [larger, name, { uuid } = {}] = [`${file}.larger`, qemuFormat(format), readHardDisk(file)];
  qemuImage("create", "-q", "-f", name, larger, String(size));
  qemuImage("convert", "-n", "-f", name, "-O", name, file, larger);
  writeUuid(larger, format, uuid);
  renameSync(larger, file);
}

function readVdi(header: Buffer): DiskFile {
  const uuid = mixed(header.subarray(0x188, 0x198)).toString("hex");
  const size = Number(header.readBigUInt64LE(0x170));
  const fixed = header.readUInt32LE(0x4c) === 2;
  return { format: "VDI", uuid: uuid.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), size, fixed };
}

function readVmdk(file: string, header: Buffer): DiskFile {
  const size = Number(header.readBigUInt64LE(12)) * 512;
  const uuid = /ddb\.uuid\.image *= *"([\da-f-]{36})"/.exec(descriptor(file))?.[1];
  return { format: "VMDK", size, ...(uuid !== undefined && { uuid }) };
}

function descriptor(file: string): string {
  const header = readAt(file, 0, 512);
  const [sector, sectors] = [header.readBigUInt64LE(28), header.readBigUInt64LE(36)];
  const text = readAt(file, Number(sector) * 512, Number(sectors) * 512).toString("latin1");
  return text.slice(0, text.indexOf("\0"));
}

/** The first three fields of an id are little-endian on disk. */
function mixed(uuid: Buffer): Buffer {
  const parts = [uuid.subarray(0, 4), uuid.subarray(4, 6), uuid.subarray(6, 8)];
  return Buffer.concat([...parts.map((part) => Buffer.from(part).reverse()), uuid.subarray(8)]);
}

function isCompressed(file: string): boolean {
  const text = qemuImage("check", "--output=json", "-f", "qcow2", file);
  return ((JSON.parse(text) as Record<string, number>)["compressed-clusters"] ?? 0) > 0;
}

function imageInfo(file: string): { readonly "virtual-size": number } {
  return JSON.parse(qemuImage("info", "--output=json", file)) as { "virtual-size": number };
}

function qemuImage(...args: readonly string[]): string {
  return execFileSync("qemu-img", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function readAt(file: string, place: number, length: number): Buffer {
  if (!existsSync(file)) return Buffer.alloc(0);
  const [descriptor, buffer] = [openSync(file, "r"), Buffer.alloc(length)];
  const count = readSync(descriptor, buffer, 0, length, place);
  closeSync(descriptor);
  return buffer.subarray(0, count);
}

function writeAt(file: string, place: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, place);
  closeSync(descriptor);
}
