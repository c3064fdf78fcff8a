import { chmod, copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { constants, createReadStream, createWriteStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { fileFailure, isMachineError, MachineError, refuseStrangeFiles, shown, type Io } from "../../driver/index.js";
import { catalogue } from "./catalogue.js";
import { digestOf, shortDigest, shortName } from "./digest.js";
import { download } from "./download.js";
import { formatOf, isGzip, refuseOthers, startOf } from "./format.js";
import type { Image, ImageFile } from "./image.js";
import { imageOf, readManifest, writeManifest, type Manifest } from "./manifest.js";

/** Where images are: a folder for each, named by its digest, and one for each download that is not complete. */
export function imagesFolder(storePath: string): string {
  return join(storePath, "cache", "images");
}

/** Begins the names of folders that hold no whole image yet. */
const partPrefix = ".part-";

/** The lock for an image, or for a download: the name of its folder without {@link partPrefix}. */
export function lockName(folder: string): string {
  return `image-${folder.replace(partPrefix, "")}`;
}

/**
 * Gets an image into the cache of a store, or finds it there. Two that want the same download it once; a download that
 * was cut off goes on; what does not have the digest is not kept. A file is copied, sharing its bytes where the file
 * system can: a link would change with the file.
 * @param storePath the store's root
 * @throws MachineError `failed`; `usage` for what is no disk that a machine may have
 */
export function fetchImage(storePath: string, image: Image, io: Io): Promise<ImageFile> {
  const images = imagesFolder(storePath);
  const key = image.digest === "" ? shortName(image.url) : shortDigest(image.digest);
  return io.lock(lockName(key), async () => {
    refuseStrangeFiles(images);
    const part = join(images, partPrefix + key);
    try {
      return await fetchLocked({ images, part, image, io });
    } catch (error) {
      if (isMachineError(error) && error.code === "usage") await rm(part, { recursive: true, force: true });
      throw isMachineError(error) ? error : fileFailure(`${labelOf(image)} cannot be put into ${images}`, error);
    }
  });
}

interface Fetch {
  readonly images: string;
  /** Folder of this download; it becomes that of the image. */
  readonly part: string;
  readonly image: Image;
  readonly io: Io;
}

async function fetchLocked(fetch: Fetch): Promise<ImageFile> {
  const { images, part, image, io } = fetch;
  const known = image.digest === "" ? await lastOf(images, image.url) : await readManifest(images, image.digest);
  if (known !== undefined && image.digest !== "") {
    const found = imageOf(images, known);
    // Somebody else may have put it there: its own bytes say whether it leads to other files.
    return { ...found, ...(await formatOf(found.path, labelOf(image))) };
  }
  await mkdir(part, { recursive: true, mode: 0o700 });
  const version = await getData(fetch, known);
  if (version === undefined && known !== undefined) {
    await rm(part, { recursive: true, force: true });
    return imageOf(images, known);
  }
  const digest = await verified(fetch);
  const manifest = await unpack(fetch, digest, version?.etag);
  if (image.digest !== "") return place(images, part, manifest);
  io.output(`${labelOf(image)}: nobody said which digest it must have; it is ${digest}`);
  return io.lock(lockName(shortDigest(digest)), () => place(images, part, manifest));
}

/** What an image is called in lines and errors: its name in the catalogue, else that of its file. */
export function labelOf({ url }: Image): string {
  const entry = catalogue.find((one) => one.url === url);
  return entry?.name ?? basename(isUrl(url) ? new URL(url).pathname : url);
}

function isUrl(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

/** What was got from there last; its digest was not known before. */
async function lastOf(images: string, url: string): Promise<Manifest | undefined> {
  const from = shortName(url);
  const all = await manifests(images);
  return all.find((one) => one.from === from && one.etag !== undefined);
}

/** Of all images that are whole, in the order of their folders' names. */
export async function manifests(images: string): Promise<readonly Manifest[]> {
  const folders = (await readdir(images).catch(() => [])).filter((one) => !one.startsWith("."));
  const found = await Promise.all(folders.sort().map((one) => readManifest(images, one)));
  return found.filter((one) => one !== undefined);
}

/** Undefined: what is known is still what is there. */
async function getData(
  { part, image: { url, digest }, image, io }: Fetch,
  known: Manifest | undefined,
): Promise<{ readonly etag: string | undefined } | undefined> {
  if (isUrl(url)) {
    const name = labelOf(image);
    const check = (start: Buffer): void => {
      refuseOthers(start, name);
    };
    return download({ url, name, isPinned: digest !== "", etag: known?.etag, check }, part, io);
  }
  await copyFile(url, join(part, "data"), constants.COPYFILE_FICLONE);
  await chmod(join(part, "data"), 0o600);
  return { etag: undefined };
}

async function verified({ part, image, io }: Fetch): Promise<string> {
  io.output(`${labelOf(image)}: verifying`);
  const digest = await digestOf(join(part, "data"), image.digest, io.signal);
  if (image.digest === "" || digest === image.digest) return digest;
  await rm(part, { recursive: true, force: true });
  throw new MachineError("failed", `${labelOf(image)} has another digest than it must have`, {
    output: `expected ${image.digest}\nfound    ${digest}`,
    hint: "nothing of it was kept; if it was replaced for good, give its new digest",
  });
}

/** Makes `image` of `data`, and the manifest. What is no disk is not kept; what was only cut off here is. */
async function unpack({ part, image, io }: Fetch, digest: string, etag: string | undefined): Promise<Manifest> {
  const [data, path, name] = [join(part, "data"), join(part, "image"), labelOf(image)];
  try {
    const isPacked = isGzip(await startOf(data));
    if (isPacked) {
      io.output(`${name}: unpacking`);
      const streams = [createReadStream(data), createGunzip(), createWriteStream(path, { mode: 0o600 })] as const;
      await pipeline(streams, { signal: io.signal });
    }
    const whole = isPacked ? path : data;
    const source = isUrl(image.url) ? shown(image.url) : image.url;
    const from = { source, from: shortName(image.url), isPinned: image.digest !== "", etag };
    const manifest = await writeManifest(part, whole, { digest, ...from, ...(await formatOf(whole, name)) }, io.now());
    await (isPacked ? rm(data) : rename(data, path));
    await rm(join(part, "validator"), { force: true });
    return manifest;
  } catch (error) {
    // Unpacking begins anew: what there is of it would only fill the disk.
    await rm(path, { force: true });
    throw error;
  }
}

/** Puts a whole image under its digest; if it is there already, that one stays, since machines may use it. */
async function place(images: string, part: string, manifest: Manifest): Promise<ImageFile> {
  const folder = join(images, shortDigest(manifest.digest));
  const existing = await readManifest(images, manifest.digest);
  if (existing === undefined) {
    await rm(folder, { recursive: true, force: true });
    await chmod(join(part, "image"), 0o400);
    await rename(part, folder);
    return imageOf(images, manifest);
  }
  // In one move: an image without a manifest would be got anew.
  await rename(join(part, "manifest.json"), join(folder, "manifest.json"));
  await rm(part, { recursive: true, force: true });
  return imageOf(images, existing);
}
