import type { KeyObject } from "node:crypto";

/** A key pair for SSH, of which nothing is on disk yet. */
export interface KeyPair {
  /** OpenSSH's private key format, without a passphrase, with a line end. A secret. */
  readonly privateKey: string;
  /** A line for authorized_keys, with its line end. */
  readonly publicKey: string;
}

/** A new ed25519 key pair: for the user of a machine, or for the machine itself. The comment must be one line. */
export async function makeKeyPair(comment: string): Promise<KeyPair & { /** `SHA256:...` */ fingerprint: string }> {
  const { createHash, generateKeyPairSync } = await import("node:crypto");
  const pair = openSshKeyPair(generateKeyPairSync("ed25519").privateKey, comment);
  const blob = Buffer.from(pair.publicKey.split(" ")[1] ?? "", "base64");
  const digest = createHash("sha256").update(blob).digest("base64");
  return { ...pair, fingerprint: `SHA256:${digest.replace(/=+$/, "")}` };
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
