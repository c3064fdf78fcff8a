import { createReadStream } from "node:fs";
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";

const form = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** `sha256:HEX` or `sha512:HEX` in lower case; undefined for what is no digest. */
export function parseDigest(text: string): string | undefined {
  const digest = text.trim().toLowerCase();
  return form.test(digest) ? digest : undefined;
}

/** Digest of a file. @param algorithm `sha256`, or the digest that it is compared with */
export async function digestOf(path: string, algorithm: string, signal: AbortSignal): Promise<string> {
  const name = algorithm.startsWith("sha512") ? "sha512" : "sha256";
  const hash = createHash(name);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return `${name}:${hash.digest("hex")}`;
}

/** A name for files, as good as unique: `sha256-0123456789abcdef`. */
export function shortDigest(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `${algorithm}-${hex.slice(0, 16)}`;
}

/** The same for what has no digest yet, by where it comes from. */
export function shortName(url: string): string {
  return `url-${createHash("sha256").update(url).digest("hex").slice(0, 16)}`;
}
