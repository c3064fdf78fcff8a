import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shortDigest } from "./digest.js";
import type { ImageFile } from "./image.js";

/** What is known of an image in the cache: `manifest.json` beside it. */
export interface Manifest {
  readonly digest: string;
  readonly format: "qcow2" | "raw";
  /** Size of the disk in bytes. */
  readonly size: number;
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** Where it came from: a URL without login and query, or a path. */
  readonly source: string;
  /** The same in a form that can be compared: see shortName. */
  readonly from: string;
  /** False: somebody got it without knowing its digest. */
  readonly isPinned: boolean;
  /** What the server calls this version of it. */
  readonly etag?: string | undefined;
  /** When it came, as ISO 8601 has it. */
  readonly at: string;
}

/** Writes the manifest of the image at `path` into its folder. @param now milliseconds since 1970 */
export async function writeManifest(
  folder: string,
  path: string,
  facts: Omit<Manifest, "bytes" | "at">,
  now: number,
): Promise<Manifest> {
  const manifest = { ...facts, bytes: (await stat(path)).size, at: new Date(now).toISOString() };
  await writeFile(join(folder, "manifest.json"), `${JSON.stringify(manifest)}\n`, { mode: 0o600 });
  return manifest;
}

/**
 * The manifest of a whole image; undefined where there is none, or what is there is damaged.
 * @param digest or the name of its folder
 */
export async function readManifest(images: string, digest: string): Promise<Manifest | undefined> {
  const folder = join(images, digest.includes(":") ? shortDigest(digest) : digest);
  try {
    const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest;
    const { size } = await stat(join(folder, "image"));
    if (!isManifest(manifest)) return undefined;
    const isThis = manifest.digest === digest || shortDigest(manifest.digest) === digest;
    return isThis && size === manifest.bytes ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function isManifest({ digest, format, size, bytes, source, from, isPinned, etag, at }: Manifest): boolean {
  const texts: readonly unknown[] = [digest, source, from, at, etag ?? ""];
  const isOfFormat = (["qcow2", "raw"] as readonly unknown[]).includes(format);
  const areNumbers = [size, bytes].every((one: unknown) => typeof one === "number" && Number.isSafeInteger(one));
  return texts.every((one) => typeof one === "string") && isOfFormat && areNumbers && typeof isPinned === "boolean";
}

export function imageOf(images: string, { digest, format, size }: Manifest): ImageFile {
  return { path: join(images, shortDigest(digest), "image"), format, digest, size };
}
