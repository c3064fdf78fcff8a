import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatOf } from "../../src/vm/image/format.js";
import { qcow2Clusters, readQcow2 } from "../../src/vm/image/qcow2.js";
import { output } from "../support/command.js";
import { noise, temporaryFolder } from "./support.js";

/** A qcow2 of 4 MiB. @param options of `qemu-img create` */
async function create(options: readonly string[] = [], compress = false): Promise<{ path: string; folder: string }> {
  const folder = await temporaryFolder();
  const [raw, path] = [join(folder, "disk.raw"), join(folder, "disk.qcow2")];
  await writeFile(raw, compress ? Buffer.alloc(2 ** 22, "some text ") : noise(2 ** 22));
  const convert = ["convert", "-f", "raw", "-O", "qcow2", ...(compress ? ["-c"] : []), ...options, raw, path];
  await output("qemu-img", convert);
  return { path, folder };
}

/** Reads the whole disk; rejects as a conversion would. */
async function readAll(path: string): Promise<number> {
  const file = await open(path);
  try {
    let sum = 0;
    for await (const { bytes } of qcow2Clusters(file, await readQcow2(file, "it"), "it")) sum += bytes.length;
    return sum;
  } finally {
    await file.close();
  }
}

async function patch(path: string, offset: number, ...values: readonly number[]): Promise<void> {
  const file = await open(path, "r+");
  await file.write(Uint8Array.from(values), 0, values.length, offset);
  await file.close();
}

describe("an image that comes from elsewhere", () => {
  test("may not build on another file", async () => {
    const { folder } = await create();
    const path = join(folder, "top.qcow2");
    await output("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", "disk.raw", path]);
    await expect(formatOf(path, "it")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("it builds on another file") as string,
    });
  });

  test("may not have its data in another file", async () => {
    const folder = await temporaryFolder();
    const [path, data] = [join(folder, "disk.qcow2"), join(folder, "data.raw")];
    await output("qemu-img", ["create", "-q", "-f", "qcow2", "-o", `data_file=${data},data_file_raw=on`, path, "4M"]);
    await expect(formatOf(path, "it")).rejects.toMatchObject({
      code: "usage",
      message: "it has its data in another file",
    });
  });

  test("may not be encrypted", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "disk.qcow2");
    const secret = ["--object", "secret,id=s,data=secret"];
    // LUKS would measure the processor first, which fails on a busy computer.
    const encrypted = ["-o", "encrypt.format=aes,encrypt.key-secret=s"];
    await output("qemu-img", ["create", "-q", ...secret, "-f", "qcow2", ...encrypted, path, "4M"]);
    await expect(formatOf(path, "it")).rejects.toMatchObject({ code: "usage", message: "it is encrypted" });
    await writeFile(path, Buffer.concat([Buffer.from("LUKS\xba\xbe\0\x01", "latin1"), Buffer.alloc(4 * 2 ** 20)]));
    await expect(formatOf(path, "it")).rejects.toMatchObject({
      message: "it is an encrypted disk, not a raw or qcow2 disk",
    });
  });

  test.each([
    ["is marked as damaged by who wrote it", 79, [2]],
    ["is a qcow2 of a kind that is not known", 79, [32]],
    ["is a qcow2 of a kind that is not known", 7, [9]],
    ["is a broken qcow2: its clusters have no possible size", 20, [0, 0, 0, 63]],
    ["is a disk of more than 2 TiB", 24, [0, 0, 2, 0, 0, 0, 2, 0]],
  ])("is refused when it %s", async (message, offset, values) => {
    const { path } = await create();
    await patch(path, offset, ...values);
    await expect(formatOf(path, "it")).rejects.toMatchObject({ code: "usage", message: `it ${message}` });
  });

  test.each([
    ["its table has a wrong size", 36, [0, 0, 0, 0]],
    ["its table has a wrong size", 24, [0, 0, 1, 0, 0, 0, 0, 0]],
    ["it is cut off", 40, [0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xfe, 0]],
  ])("that lies about itself is broken: %s", async (why, offset, values) => {
    const { path } = await create();
    await patch(path, offset, ...values);
    await expect(readAll(path)).rejects.toMatchObject({ code: "failed", message: `it is a broken qcow2: ${why}` });
  });

  test("that was cut off is broken", async () => {
    const { path } = await create();
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 2 ** 21));
    await expect(readAll(path)).rejects.toMatchObject({ message: expect.stringMatching(/broken qcow2/) as string });
  });

  test("whose compressed clusters are no such thing is broken", async () => {
    const { path } = await create([], true);
    expect(await readAll(path)).toBe(2 ** 22);
    const bytes = await readFile(path);
    await writeFile(path, Buffer.concat([bytes.subarray(0, 5 * 65_536), Buffer.alloc(bytes.length, 0xff)]));
    await expect(readAll(path)).rejects.toMatchObject({ message: expect.stringMatching(/broken qcow2/) as string });
  });

  test.each<[string, Buffer]>([
    ["compressed by xz", Buffer.from("fd377a585a000004", "hex")],
    ["compressed by bzip2", Buffer.from("BZh9")],
    ["compressed by zstd", Buffer.from("28b52ffd", "hex")],
    ["a zip archive", Buffer.from("PK\u0003\u0004")],
    ["a web page", Buffer.from("\n<!DOCTYPE html><html>")],
    ["empty", Buffer.alloc(0)],
  ])("is refused when it is %s", async (what, bytes) => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, bytes);
    await expect(formatOf(path, "it")).rejects.toMatchObject({
      code: "usage",
      message: `it is ${what}, not a raw or qcow2 disk`,
    });
  });

  test.each(["vmdk", "vdi", "vhdx", "vpc"])("is refused when it is a disk for another program: %s", async (format) => {
    const { folder } = await create();
    const path = join(folder, "other");
    await output("qemu-img", ["convert", "-f", "raw", "-O", format, join(folder, "disk.raw"), path]);
    await expect(formatOf(path, "it")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/disk, not a raw or qcow2 disk$/) as string,
    });
  });

  const at = (offset: number, text: string, size = 100_000): Buffer => {
    const bytes = noise(size);
    bytes.write(text, offset, "latin1");
    return bytes;
  };

  test.each([
    ["an ISO image", at(32_769, "CD001")],
    ["a tar archive", at(257, "ustar")],
    ["compressed by xz", at(0, "\xfd7zXZ\0")],
    ["compressed by zstd", at(0, "\x28\xb5\x2f\xfd")],
    ["a VDI disk", at(64, "\x7f\x10\xda\xbe")],
    ["a web page", Buffer.from("<!doctype html><title>Log in first</title>")],
    ["a file without a boot sector", Buffer.from("notes\n")],
    ["a file without a boot sector", Buffer.from('{"error":"not found"}')],
    ["a file without a boot sector", Buffer.from("version https://git-lfs.github.com/spec/v1\n")],
    ["a file without a boot sector", at(510, "\0\0")],
    ["empty", Buffer.alloc(0)],
  ])("is refused where it is %s, with what to do", async (what, bytes) => {
    const path = join(await temporaryFolder(), "disk.img");
    await writeFile(path, bytes);
    await expect(formatOf(path, "it")).rejects.toMatchObject({
      code: "usage",
      message: `it is ${what}, not a raw or qcow2 disk`,
      hint: expect.stringMatching(/./) as string,
    });
  });

  test("is known by its first bytes, whatever its name", async () => {
    const { path, folder } = await create(["-o", "compat=0.10"]);
    expect(await formatOf(path, "it")).toEqual({ format: "qcow2", size: 2 ** 22 });
    expect(await formatOf(join(folder, "disk.raw"), "it")).toEqual({ format: "raw", size: 2 ** 22 });
  });
});
