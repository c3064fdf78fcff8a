import { chmod, mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { fetchImage, imagesFolder } from "../../src/vm/image/cache.js";
import { pruneImages, storedImages, type Use } from "../../src/vm/image/stored-images.js";
import { MachineError } from "../../src/driver/index.js";
import { finish, output } from "../support/command.js";
import { startFileServer, type Served } from "./file-server.js";
import { digestOfBytes, noise, realIo, temporaryFolder } from "./support.js";

const bytes = noise(200_000);
const digest = digestOfBytes(bytes);
const program = ["--import", import.meta.resolve("tsx"), join(import.meta.dirname, "..", "..", "src", "bin.ts")];

async function setUp(changes: Partial<Served> = {}) {
  const [server, store] = [await startFileServer(bytes, changes), await temporaryFolder()];
  const lines: string[] = [];
  const fetch = (pinned = digest, signal?: AbortSignal, path = "/some/disk.img?key=secret") =>
    fetchImage(
      store,
      { url: `${server.url}${path}`, digest: pinned },
      { ...realIo(store, {}, signal), output: (line) => lines.push(line) },
    );
  const folders = async () => (await readdir(imagesFolder(store))).sort();
  return { server, store, lines, fetch, folders };
}

describe("an image", () => {
  test("is in the cache once it was got, and not asked for again", async () => {
    const { fetch, server, folders, store } = await setUp();
    const image = await fetch();
    expect(image).toMatchObject({ format: "raw", digest, size: bytes.length });
    expect(bytes.equals(await readFile(image.path))).toBe(true);
    expect((await stat(image.path)).mode & 0o777).toBe(0o400);
    expect(await folders()).toEqual([`sha256-${digest.slice(7, 23)}`]);
    expect(await readdir(join(imagesFolder(store), `sha256-${digest.slice(7, 23)}`))).toEqual([
      "image",
      "manifest.json",
    ]);
    expect(await fetch()).toEqual(image);
    expect(server.requests.length).toBe(1);
    expect(await readFile(join(image.path, "..", "manifest.json"), "utf8")).not.toContain("secret");
  });

  test("is got again when it was damaged here", async () => {
    const { fetch, server } = await setUp();
    const { path } = await fetch();
    await chmod(path, 0o600);
    await truncate(path, 10);
    await fetch();
    expect(bytes.equals(await readFile(path))).toBe(true);
    expect(server.requests.length).toBe(2);
  });

  test("with a digest of the longer kind is verified by that", async () => {
    const { fetch } = await setUp();
    const long = digestOfBytes(bytes, "sha512");
    expect((await fetch(long)).digest).toBe(long);
  });

  test("that has another digest is not kept, and both are shown", async () => {
    const { fetch, folders, server } = await setUp();
    const wrong = `sha256:${"0".repeat(64)}`;
    await expect(fetch(wrong)).rejects.toMatchObject({
      code: "failed",
      message: "disk.img has another digest than it must have",
      output: `expected ${wrong}\nfound    ${digest}`,
    });
    expect(await folders()).toEqual([]);
    await expect(fetch(wrong)).rejects.toThrow();
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  });

  test("is gone on with after Ctrl-C", async () => {
    const { fetch, folders, server } = await setUp({ cuts: [{ after: 70_000, how: "silence" }] });
    const abort = new AbortController();
    setTimeout(() => {
      abort.abort();
    }, 500);
    await expect(fetch(digest, abort.signal)).rejects.toMatchObject({ code: "interrupted" });
    expect(await folders()).toEqual([`.part-sha256-${digest.slice(7, 23)}`]);
    await fetch();
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, "bytes=70000-"]);
    expect(await folders()).toEqual([`sha256-${digest.slice(7, 23)}`]);
  });

  test("whose digest nobody said is had with a warning, and asked for again only when it has changed", async () => {
    const { fetch, lines, server, folders } = await setUp();
    const image = await fetch("");
    expect(image.digest).toBe(digest);
    expect(lines.at(-1)).toBe(`disk.img: nobody said which digest it must have; it is ${digest}`);
    expect(await fetch("")).toEqual(image);
    expect(server.requests.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"1"']);
    Object.assign(server.file, { bytes: noise(1_000), etag: '"2"' });
    const other = await fetch("");
    expect(other.digest).toBe(digestOfBytes(noise(1_000)));
    expect((await folders()).length).toBe(2);
  });

  test("that is compressed by gzip is unpacked", async () => {
    const packed = gzipSync(bytes);
    const { fetch } = await setUp({ bytes: packed });
    const image = await fetch(digestOfBytes(packed));
    expect(bytes.equals(await readFile(image.path))).toBe(true);
    expect(image).toMatchObject({ format: "raw", size: bytes.length, digest: digestOfBytes(packed) });
  });

  test("that is no disk is not kept", async () => {
    const page = Buffer.from("<html>Log in first</html>");
    const { fetch, folders } = await setUp({ bytes: page });
    await expect(fetch("")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/disk.img is a web page/) as string,
    });
    await expect(fetch(digestOfBytes(page))).rejects.toMatchObject({ code: "usage" });
    expect(await folders()).toEqual([]);
  });

  test("that begins as no disk is not got to its end", async () => {
    const bytes = noise(20_000_000);
    bytes.set(Buffer.from("fd377a585a00", "hex"));
    const { fetch, server } = await setUp({ bytes, cuts: [{ after: 2_000_000, how: "silence" }] });
    await expect(fetch("")).rejects.toMatchObject({
      message: expect.stringContaining("compressed by xz") as string,
      hint: "unpack it first: xz -d FILE",
    });
    expect(server.requests).toHaveLength(1);
  });

  test("is a copy of a file, which later changes of it do not reach", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "mine.img");
    await writeFile(path, bytes);
    const got = await fetchImage(folder, { url: path, digest: "" }, realIo(folder));
    await writeFile(path, noise(5_000));
    expect(bytes.equals(await readFile(got.path))).toBe(true);
    const next = await fetchImage(folder, { url: path, digest: "" }, realIo(folder));
    expect(next.digest).toBe(digestOfBytes(noise(5_000)));
    await rm(path);
    expect(await fetchImage(folder, { url: path, digest }, realIo(folder))).toEqual(got);
    await expect(fetchImage(folder, { url: path, digest: "" }, realIo(folder))).rejects.toMatchObject({
      code: "failed",
      message: expect.stringMatching(/mine.img cannot be put into .*ENOENT/) as string,
    });
  });

  // Root may mount a small disk.
  test.runIf(process.getuid?.() === 0)("that does not fit on the disk says so", async () => {
    const { fetch, server, store } = await setUp({ bytes: noise(4_000_000) });
    await mkdir(imagesFolder(store), { recursive: true });
    await output("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", imagesFolder(store)]);
    try {
      await expect(fetch(digestOfBytes(server.file.bytes))).rejects.toMatchObject({
        code: "failed",
        message: expect.stringMatching(/no space left/) as string,
        hint: expect.stringMatching(/make room/) as string,
      });
    } finally {
      await output("umount", [imagesFolder(store)]);
    }
  });

  test("is got once by all that want it in this process and in others", async () => {
    const { fetch, server, store } = await setUp();
    const pull = ["image", "pull", "--digest", digest, `${server.url}/some/disk.img`];
    const env = { PATH: process.env["PATH"], HOME: store, MACHINE_STORAGE_PATH: store };
    const [one, other, ...here] = await Promise.all([
      finish(process.execPath, [...program, ...pull], { env }),
      finish(process.execPath, [...program, ...pull], { env }),
      fetch(),
      fetch(),
    ]);
    expect(one).toMatchObject({ code: 0, stdout: `${here[0].path}\n` });
    expect(other).toMatchObject({ code: 0, stdout: one.stdout });
    expect(server.requests.length).toBe(1);
  });
});

const nothing: Use = { digests: new Set(), hasUnpinned: false, isUnknown: false };

describe("pruning", () => {
  const busy = () => Promise.reject(new MachineError("busy", "it is in use"));

  test("removes what no machine uses, and what is left of downloads", async () => {
    const { fetch, store, folders, server } = await setUp({ cuts: [{ after: 0, how: "silence" }] });
    await expect(fetch(digest, AbortSignal.timeout(300))).rejects.toThrow();
    server.file.cuts = [];
    await fetch("");
    const images = await storedImages(store);
    expect(images).toMatchObject([{ digest, source: `${server.url}/some/disk.img`, isPinned: false }]);
    const removed = await pruneImages(store, realIo(store), () => Promise.resolve(nothing));
    expect(removed.map(({ name }) => name)).toEqual(["what was left of a download", `${server.url}/some/disk.img`]);
    expect(removed[1]?.bytes).toBeGreaterThan(bytes.length);
    expect(await folders()).toEqual([]);
  });

  test.each<[string, Partial<Use>]>([
    ["a machine uses", { digests: new Set([digest]) }],
    ["a machine may use that is not complete", { hasUnpinned: true }],
    ["a machine may use whose state cannot be read", { isUnknown: true }],
  ])("leaves what %s", async (_, use) => {
    const { fetch, store, folders } = await setUp();
    await fetch("");
    expect(await pruneImages(store, realIo(store), () => Promise.resolve({ ...nothing, ...use }))).toEqual([]);
    expect((await folders()).length).toBe(1);
  });

  test("leaves what somebody is getting", async () => {
    const { fetch, store, folders } = await setUp();
    await fetch();
    expect(await pruneImages(store, { lock: busy }, () => Promise.resolve(nothing))).toEqual([]);
    expect((await folders()).length).toBe(1);
  });

  test("at the same time as creates takes no image away from them", async () => {
    const { fetch, store } = await setUp();
    const io = realIo(store);
    const wanted = new Set<string>();
    let isOver = false;
    const pruner = async (): Promise<number> => {
      let count = 0;
      while (!isOver) {
        count += (await pruneImages(store, io, () => Promise.resolve({ ...nothing, digests: new Set(wanted) }))).length;
        await io.sleep(100);
      }
      return count;
    };
    const pruned = pruner();
    for (let i = 0; i < 40; i++) {
      // As a create does: it saves what it wants, gets it, and its disk builds on it.
      wanted.add(digest);
      const { path } = await fetch();
      await io.sleep(Math.random() * 1_000);
      expect((await stat(path)).size).toBe(bytes.length);
      wanted.clear();
      await io.sleep(Math.random() * 1_000);
    }
    isOver = true;
    expect(await pruned).toBeGreaterThan(0);
  });

  test("does nothing to what lies elsewhere", async () => {
    const { store } = await setUp();
    const elsewhere = join(store, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, "image"), bytes);
    await mkdir(imagesFolder(store), { recursive: true });
    await symlink(elsewhere, join(imagesFolder(store), "link"));
    const pruning = pruneImages(store, realIo(store), () => Promise.resolve(nothing));
    await expect(pruning).rejects.toThrow(`${join(imagesFolder(store), "link")} is a link`);
    expect(await readdir(elsewhere)).toEqual(["image"]);
  });
});
