import { mkdir, open, readFile, rename, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ImageFile } from "../../src/vm/image/image.js";
import { formatOf } from "../../src/vm/image/format.js";
import { writeVdi } from "../../src/vm/image/vdi.js";
import { finish, output } from "../support/command.js";
import { digestOfBytes, noise, realIo, temporaryFolder } from "./support.js";

const mebibyte = 2 ** 20;

/** A raw disk with data at its edges, across the edges of blocks, and much nothing. */
async function rawDisk(folder: string, size = 40 * mebibyte + 3 * 512): Promise<string> {
  const path = join(folder, "disk.raw");
  const file = await open(path, "w");
  await file.truncate(size);
  const places = [0, mebibyte - 700, 7 * mebibyte + 512, 9 * mebibyte, 23 * mebibyte - 1, size - 65_000];
  for (const [i, offset] of places.entries()) await file.write(noise(65_000, String(i)), 0, 65_000, offset);
  await file.write(Buffer.alloc(3 * mebibyte, "text "), 0, 3 * mebibyte, 12 * mebibyte);
  await file.close();
  return path;
}

/** The file as it would be in the cache. */
async function imageFile(path: string): Promise<ImageFile> {
  const folder = join(dirname(path), "image-folder");
  await mkdir(folder, { recursive: true });
  await rename(path, join(folder, "image"));
  const digest = digestOfBytes(Buffer.from(path));
  return { path: join(folder, "image"), digest, ...(await formatOf(join(folder, "image"), "it")) };
}

async function convert(raw: string, ...options: readonly string[]): Promise<string> {
  const path = join(dirname(raw), "disk.qcow2");
  await output("qemu-img", ["convert", "-q", "-f", "raw", "-O", "qcow2", ...options, raw, path]);
  return path;
}

/** What QEMU's own reader says of the disk: it holds the same, and has no fault. */
async function expectSame(vdi: string, raw: string): Promise<void> {
  const compared = await finish("qemu-img", ["compare", "-f", "vdi", "-F", "raw", vdi, raw]);
  expect(compared.stdout).toContain("Images are identical.");
  expect(compared.code).toBe(0);
  expect((await finish("qemu-img", ["check", "-f", "vdi", vdi])).stdout).toContain("No errors were found");
}

async function infoOf(vdi: string): Promise<{ "virtual-size": number; "actual-size": number; format: string }> {
  return JSON.parse(await output("qemu-img", ["info", "--output", "json", vdi])) as never;
}

describe("a VDI disk", () => {
  test.each<readonly [string, readonly string[]]>([
    ["a qcow2", []],
    ["one of version 2", ["-o", "compat=0.10"]],
    ["a compressed one", ["-c"]],
    ["a compressed one of version 2", ["-c", "-o", "compat=0.10"]],
    ["one with clusters of 512 bytes", ["-o", "cluster_size=512"]],
    ["a compressed one with clusters of 512 bytes", ["-c", "-o", "cluster_size=512"]],
    ["one with clusters of 4 KiB", ["-o", "cluster_size=4096"]],
    ["a compressed one with clusters of 2 MiB", ["-c", "-o", "cluster_size=2M"]],
    ["one with clusters of 2 MiB", ["-o", "cluster_size=2M"]],
    ["one whose clusters are all there", ["-o", "preallocation=full"]],
    ["one compressed by zstd, which qemu-img reads", ["-c", "-o", "compression_type=zstd"]],
    ["one whose clusters have parts, which qemu-img reads", ["-o", "extended_l2=on,cluster_size=128k"]],
  ])("holds what %s does", async (_, options) => {
    const folder = await temporaryFolder();
    const raw = await rawDisk(folder);
    const image = await imageFile(await convert(raw, ...options));
    const vdi = join(folder, "disk.vdi");
    await writeVdi(image, vdi, image.size, realIo(folder));
    await expectSame(vdi, raw);
    expect(await infoOf(vdi)).toMatchObject({ format: "vdi", "virtual-size": image.size });
  });

  test("holds what a raw image does, and of nothing nothing", async () => {
    const folder = await temporaryFolder();
    const raw = await rawDisk(folder);
    const copy = join(folder, "copy.raw");
    await writeFile(copy, await readFile(raw));
    const vdi = join(folder, "disk.vdi");
    const image = await imageFile(copy);
    await writeVdi(image, vdi, image.size, realIo(folder));
    await expectSame(vdi, raw);
    // Header and map, then the blocks that hold something.
    expect((await stat(vdi)).size / mebibyte).toBe(9 + 11);
  });

  test("holds zeros that were written over data", async () => {
    const folder = await temporaryFolder();
    const raw = await rawDisk(folder);
    const qcow2 = await convert(raw);
    await output("qemu-io", ["-f", "qcow2", "-c", "write -z 8M 6M", "-c", "write 30M 1M", qcow2]);
    await output("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", qcow2, raw]);
    const image = await imageFile(qcow2);
    await writeVdi(image, join(folder, "disk.vdi"), image.size, realIo(folder));
    await expectSame(join(folder, "disk.vdi"), raw);
  });

  test.each([1, 513, mebibyte, mebibyte + 1])("of an image of %i bytes has whole sectors", async (size) => {
    const folder = await temporaryFolder();
    const path = join(folder, "disk.raw");
    await writeFile(path, noise(size));
    const image: ImageFile = { path, digest: digestOfBytes(Buffer.from(path)), format: "raw", size };
    const vdi = join(folder, "disk.vdi");
    await writeVdi(image, vdi, image.size, realIo(folder));
    const raw = join(folder, "expected.raw");
    await writeFile(raw, noise(size));
    await truncate(raw, Math.ceil(size / 512) * 512);
    await expectSame(vdi, raw);
    expect((await infoOf(vdi))["virtual-size"]).toBe(Math.ceil(size / 512) * 512);
  });

  test.each([64 * mebibyte, 20 * 2 ** 30, 2 ** 41])("grows to %i bytes, and can be written there", async (size) => {
    const folder = await temporaryFolder();
    const raw = await rawDisk(folder);
    const image = await imageFile(await convert(raw, "-c"));
    const vdi = join(folder, "disk.vdi");
    await writeVdi(image, vdi, size, realIo(folder));
    expect((await infoOf(vdi))["virtual-size"]).toBe(size);
    await output("qemu-io", ["-f", "vdi", "-c", `write -P 7 ${String(size - mebibyte)} 1M`, vdi]);
    await output("qemu-io", ["-f", "vdi", "-c", `read -P 7 ${String(size - mebibyte)} 1M`, vdi]);
    await truncate(raw, size);
    const start = ["-c", `read -P 0 ${String(50 * mebibyte)} 1M`, vdi];
    expect((await finish("qemu-io", ["-f", "vdi", ...start])).code).toBe(0);
    expect((await finish("qemu-img", ["check", "-f", "vdi", vdi])).stdout).toContain("No errors were found");
    if (size > 2 ** 30) return;
    await output("qemu-io", ["-f", "raw", "-c", `write -P 7 ${String(size - mebibyte)} 1M`, raw]);
    await expectSame(vdi, raw);
  });

  test("has ids that no other one has, and replaces what is there", async () => {
    const folder = await temporaryFolder();
    const image = await imageFile(await convert(await rawDisk(folder)));
    const io = realIo(folder);
    const ids = new Set<string>();
    for (const name of ["a.vdi", "b.vdi", "a.vdi"]) {
      await writeVdi(image, join(folder, name), image.size, io);
      const bytes = await readFile(join(folder, name));
      ids.add(bytes.subarray(392, 408).toString("hex")).add(bytes.subarray(408, 424).toString("hex"));
      expect(bytes.subarray(424, 456).every((byte) => byte === 0)).toBe(true);
    }
    expect(ids.size).toBe(6);
  });

  test("is converted once, however many want it at the same time", async () => {
    const folder = await temporaryFolder();
    const raw = await rawDisk(folder);
    const image = await imageFile(await convert(raw, "-c", "-o", "compression_type=zstd"));
    const io = realIo(folder);
    const calls: string[] = [];
    const counting = { ...io, run: (...call: Parameters<typeof io.run>) => (calls.push(call[0]), io.run(...call)) };
    const disks = ["a.vdi", "b.vdi", "c.vdi"].map((name) => join(folder, name));
    await Promise.all(disks.map((disk) => writeVdi(image, disk, image.size, counting)));
    for (const disk of disks) await expectSame(disk, raw);
    expect(calls).toEqual(["qemu-img"]);
  });

  test("says what is missing where only qemu-img can read an image", async () => {
    const folder = await temporaryFolder();
    const image = await imageFile(await convert(await rawDisk(folder), "-c", "-o", "compression_type=zstd"));
    const io = realIo(folder, { PATH: join(folder, "nothing") });
    await expect(writeVdi(image, join(folder, "disk.vdi"), image.size, io)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("only qemu-img can read") as string,
      hint: expect.stringContaining("qemu-utils") as string,
    });
  });

  test("may not be smaller than its image, nor larger than 2 TiB", async () => {
    const folder = await temporaryFolder();
    const image = await imageFile(await convert(await rawDisk(folder)));
    for (const size of [image.size - 1, 2 ** 41 + 1]) {
      await expect(writeVdi(image, join(folder, "disk.vdi"), size, realIo(folder))).rejects.toMatchObject({
        code: "usage",
        message: "the disk must have between 41 and 2097152 MiB",
      });
    }
  });
});
