import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isoImage, type IsoFile } from "../../src/vm/seed/iso.js";
import { finish, output } from "../support/command.js";

/** Sizes at the edges of a sector, one beyond 64 KiB, and a name of the greatest length. */
const files: readonly IsoFile[] = [
  { name: "user-data", content: Buffer.from("#cloud-config\n{}\n") },
  { name: "meta-data", content: Buffer.from("instance-id: ä\n") },
  { name: "empty", content: Buffer.alloc(0) },
  { name: "whole-sector", content: Buffer.alloc(2048, "w") },
  { name: "sector-and-one", content: Buffer.alloc(2049, "s") },
  { name: "large", content: Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251)) },
  { name: `name-of-30-characters-0123456789`.slice(0, 30), content: Buffer.from("30") },
];
const names = files.map(({ name }) => name).sort();

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "iso-"));
  path = join(folder, "seed.iso");
  await writeFile(path, isoImage("cidata", files));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("an ISO image", () => {
  test("is known to blkid by its label, whichever of its two descriptors is read", async () => {
    const found = await output("blkid", ["--probe", "--output", "export", path]);
    expect(found).toContain("TYPE=iso9660");
    expect(found).toContain("LABEL=cidata");
  });

  test("has no fault for xorriso, which extracts every file as it was, readable by its owner alone", async () => {
    const out = join(folder, "out");
    const args = ["-osirrox", "on", "-indev", path, "-extract", "/", out, "-find", "/", "-exec", "lsdl", "--"];
    const { stdout, stderr, code } = await finish("xorriso", args);
    expect(stderr).not.toMatch(/WARNING|FAILURE|SORRY|FATAL/);
    expect(code).toBe(0);
    const listed = stdout.split("\n").filter((line) => line.endsWith("'"));
    expect(listed.filter((line) => line.startsWith("dr-x------"))).toHaveLength(1);
    expect(listed.filter((line) => /^-r--------\s+1 0 +0 /.test(line))).toHaveLength(files.length);
    expect((await readdir(out)).sort()).toEqual(names);
    for (const { name, content } of files) {
      expect([name, (await readFile(join(out, name))).equals(content)]).toEqual([name, true]);
    }
  });

  test.each([
    ["Rock Ridge", ["-R"]],
    ["Joliet", ["-J"]],
  ])("has the names and contents by %s for isoinfo", async (_, kind) => {
    const listed = (await output("isoinfo", [...kind, "-f", "-i", path])).split("\n");
    expect(listed.sort()).toEqual(names.map((name) => `/${name}`));
    const large = await output("isoinfo", [...kind, "-x", "/sector-and-one", "-i", path]);
    expect(large).toBe("s".repeat(2049));
  });

  test("has upper-case names for readers that know neither", async () => {
    const listed = (await output("isoinfo", ["-f", "-i", path])).split("\n");
    expect(listed.sort()).toEqual(names.map((name) => `/${name.toUpperCase().replaceAll("-", "_")}.;1`).sort());
  });

  test("has both kinds of names and its size in its descriptors", async () => {
    const described = await output("isoinfo", ["-d", "-i", path]);
    expect(described).toContain("Joliet with UCS level 3 found");
    expect(described).toContain("Rock Ridge signatures version 1 found");
    expect(described).toContain(`Volume size is: ${String((await readFile(path)).length / 2048)}`);
  });

  test("is the same for the same files, in whichever order they come", () => {
    const image = Buffer.from(isoImage("cidata", files));
    expect(image.equals(isoImage("cidata", [...files].reverse()))).toBe(true);
    expect(image.equals(isoImage("CIDATA", files))).toBe(false);
  });
});
