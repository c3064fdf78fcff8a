import { fingerprintOf, isSystemError } from "../driver/index.js";
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { field, magic } from "../driver/key-pair.js";
import { hostKeyOf, type HostKey } from "./known-hosts.js";

/** A public key. `line` is what goes into authorized_keys, e.g. `ssh-ed25519 AAAA...`, without a comment. */
export interface PublicKey extends HostKey {
  readonly line: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
}

/**
 * The public key of a private key file (OpenSSH's format, or PEM: PKCS#1, SEC 1, PKCS#8). No passphrase is needed,
 * but for an encrypted PEM file, whose public key is looked for in `path`.pub.
 * Undefined: that cannot be told.
 * @throws the file system's error for the private key
 */
export async function readPublicKey(path: string): Promise<PublicKey | undefined> {
  const content = await readFile(path, "utf8");
  const blob = openSshBlob(content) ?? (isEncrypted(content) ? undefined : pemBlob(content));
  return blob === undefined ? readPublicKeyFile(`${path}.pub`) : publicKey(blob);
}

/** True for text that looks like a private key of a format OpenSSH writes. */
export function isPrivateKey(content: string): boolean {
  return /^-----BEGIN (\w+ )*PRIVATE KEY-----/.test(content.trimStart());
}

/** True for a private key that needs a passphrase. */
export function isEncrypted(content: string): boolean {
  const bytes = openSshBytes(content);
  if (bytes !== undefined) return takeField(bytes, magic.length)?.value.toString() !== "none";
  return /^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(content);
}

async function readPublicKeyFile(path: string): Promise<PublicKey | undefined> {
  try {
    const [type, base64 = ""] = (await readFile(path, "utf8")).trim().split(/\s+/);
    const blob = Buffer.from(base64, "base64");
    return hostKeyOf(blob)?.type === type ? publicKey(blob) : undefined;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "EACCES")) return undefined;
    throw error;
  }
}

function publicKey(blob: Uint8Array): PublicKey {
  const key = hostKeyOf(blob);
  if (key === undefined) throw new Error("not a public key in SSH's wire format");
  return { ...key, line: `${key.type} ${key.base64}`, fingerprint: fingerprintOf(key.base64) };
}

function openSshBytes(content: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(content)?.[1];
  const bytes = body === undefined ? undefined : Buffer.from(body, "base64");
  return bytes?.subarray(0, magic.length).equals(magic) === true ? bytes : undefined;
}

/** After the magic: cipher, KDF, KDF options, number of keys, public key. */
function openSshBlob(content: string): Buffer | undefined {
  const bytes = openSshBytes(content);
  if (bytes === undefined) return undefined;
  let offset = magic.length;
  for (let skipped = 0; skipped < 3; skipped++) {
    const next = takeField(bytes, offset);
    if (next === undefined) return undefined;
    offset = next.end;
  }
  return takeField(bytes, offset + 4)?.value;
}

function pemBlob(content: string): Buffer | undefined {
  let jwk: JsonWebKey;
  try {
    jwk = createPublicKey(content).export({ format: "jwk" });
  } catch {
    return undefined;
  }
  const number = (value = ""): Buffer => Buffer.from(value, "base64url");
  const { kty, crv = "", e, n, x, y } = jwk;
  if (kty === "RSA") return Buffer.concat([field("ssh-rsa"), integerField(number(e)), integerField(number(n))]);
  if (crv === "Ed25519") return Buffer.concat([field("ssh-ed25519"), field(number(x))]);
  if (kty !== "EC") return undefined;
  const curve = `nistp${crv.slice("P-".length)}`;
  const point = Buffer.concat([Buffer.from([4]), number(x), number(y)]);
  return Buffer.concat([field(`ecdsa-sha2-${curve}`), field(curve), field(point)]);
}

/** An `mpint` of RFC 4251, 5, which would be negative without a zero in front of a high first bit. */
function integerField(bytes: Buffer): Buffer {
  return field((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

function takeField(bytes: Buffer, offset: number): { readonly value: Buffer; readonly end: number } | undefined {
  if (bytes.length < offset + 4) return undefined;
  const end = offset + 4 + bytes.readUInt32BE(offset);
  return bytes.length < end ? undefined : { value: bytes.subarray(offset + 4, end), end };
}
