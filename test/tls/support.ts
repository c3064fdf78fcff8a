import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { AuthorityContext } from "../../src/tls/authority.js";
import type { Identity } from "../../src/tls/certificate.js";
import { finish, output } from "../support/command.js";

export const day = 24 * 3_600_000;

/** A directory that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "machine-tls-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** A context without other processes, and what it was told. */
export function contextAt(now: number): AuthorityContext & { readonly told: string[] } {
  const told: string[] = [];
  return { told, now, named: [], user: "ann", lock: (_name, work) => work(), notice: (line) => told.push(line) };
}

/** A file with this text, for a program that wants a path. */
export async function asFile(text: string): Promise<string> {
  const path = join(await temporaryDirectory(), "file.pem");
  await writeFile(path, text);
  return path;
}

/** What `openssl verify` says: "OK" or its complaint. */
export async function verdict(ca: string, pem: string, ...options: readonly string[]): Promise<string> {
  const file = await asFile(pem);
  const args = ["verify", "-CAfile", await asFile(ca), ...options, file];
  const { stdout, stderr } = await finish("openssl", args);
  return /^error \d+ .*: (.*)$/m.exec(stderr)?.[1] ?? stdout.replace(`${file}: `, "").trim();
}

/** The certificate in openssl's words. */
export async function inWords(pem: string): Promise<string> {
  return output("openssl", ["x509", "-noout", "-text", "-in", await asFile(pem)]);
}

/** An authority like docker-machine's: RSA 2048, PKCS#1, a subject of O alone. `more` goes to `openssl req`. */
export async function authorityOfDockerMachine(...more: readonly string[]): Promise<Identity> {
  const key = await output("openssl", ["genrsa", "-traditional", "2048"]);
  const usage = "keyUsage=critical,digitalSignature,keyEncipherment,keyAgreement,keyCertSign";
  const extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", usage];
  const request = ["req", "-new", "-x509", "-sha256", "-days", "1080", "-subj", "/O=root", "-config", "/dev/null"];
  const dir = await mkdtemp(join(tmpdir(), "machine-tls-"));
  try {
    await writeFile(join(dir, "key.pem"), key);
    const cert = await output("openssl", [...request, "-key", join(dir, "key.pem"), ...extensions, ...more]);
    return { cert: `${cert}\n`, key: `${key}\n` };
  } finally {
    await rm(dir, { recursive: true });
  }
}
