import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A key pair for SSH, of which nothing is on disk yet. */
export interface KeyPair {
  /** OpenSSH's private key format, without a passphrase, with a line end. A secret. */
  readonly privateKey: string;
  /** A line for authorized_keys, with its line end. */
  readonly publicKey: string;
}

/** A new ed25519 key pair: for the user of a machine, or for the machine itself. The comment must be one line. */
export function makeKeyPair(comment: string): KeyPair & { /** `SHA256:...` */ readonly fingerprint: string } {
  const pair = openSshKeyPair(generateKeyPairSync("ed25519").privateKey, comment);
  return { ...pair, fingerprint: fingerprintOf(pair.publicKey.split(" ")[1] ?? "") };
}

/** `SHA256:` and unpadded base64 of a key in SSH's wire format (RFC 4253, 6.6), as `ssh-keygen -l` prints it. */
export function fingerprintOf(base64: string): string {
  const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** Where a machine's directory has the private key of its user: docker-machine's name for it, whatever the kind of key. */
export function keyFile(dir: string): string {
  return join(dir, "id_rsa");
}

/** Writes the key of a machine's user to {@link keyFile}, the public half beside it; returns that path. */
export async function saveKeyPair(dir: string, { privateKey, publicKey }: KeyPair): Promise<string> {
  const path = keyFile(dir);
  for (const file of [path, `${path}.pub`]) await rm(file, { force: true });
  await writeFile(path, privateKey, { mode: 0o600 });
  await writeFile(`${path}.pub`, publicKey, { mode: 0o644 });
  return path;
}

/** An ed25519 private key in OpenSSH's formats. */
export function openSshKeyPair(key: KeyObject, comment: string): KeyPair {
  const { x = "", d = "" } = key.export({ format: "jwk" });
  const [publicBytes, seed] = [Buffer.from(x, "base64url"), Buffer.from(d, "base64url")];
  const blob = Buffer.concat([field("ssh-ed25519"), field(publicBytes)]);
  return {
    privateKey: pem(privateKeyFile(blob, publicBytes, seed, comment)),
    publicKey: `ssh-ed25519 ${blob.toString("base64")} ${comment}\n`,
  };
}

/** A private key file begins with it; the format is described in OpenSSH's PROTOCOL.key. */
export const magic = Buffer.from("openssh-key-v1\0", "latin1");

/** A `string` of RFC 4251, 5: its length in four bytes, then its bytes. */
export function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function privateKeyFile(blob: Buffer, publicBytes: Buffer, seed: Buffer, comment: string): Buffer {
  const check = crypto.getRandomValues(Buffer.alloc(4));
  const secret = Buffer.concat([check, check, blob, field(Buffer.concat([seed, publicBytes])), field(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const none = field("none");
  const count = Buffer.from([0, 0, 0, 1]);
  return Buffer.concat([magic, none, none, field(""), count, field(blob), field(Buffer.concat([secret, padding]))]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}
