import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MachineError, messageOf, isSystemError } from "../driver/index.js";
import { replaceFile } from "../store/file.js";

/** A public key of a host. `base64` is the key in SSH's wire format (RFC 4253, 6.6). */
export interface HostKey {
  /** E.g. `ssh-ed25519`. */
  readonly type: string;
  readonly base64: string;
}

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly marker?: string;
  /** Patterns with commas between them, or one hashed name `|1|SALT|HASH`. */
  readonly names: string;
  readonly key: HostKey;
}

/** The key in a wire format blob; undefined when it is none. */
export function hostKeyOf(blob: Uint8Array): HostKey | undefined {
  const bytes = Buffer.from(blob);
  if (bytes.length < 4) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length === 0 || bytes.length < 4 + length) return undefined;
  return { type: bytes.toString("latin1", 4, 4 + length), base64: bytes.toString("base64") };
}

/** How known_hosts names a host: `host`, or `[host]:port` where the port is not 22. */
export function hostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${String(port)}`;
}

/** The keys a host is known by. Lines with a marker (@revoked, @cert-authority) do not count. */
export function keysFor(hosts: readonly KnownHost[], name: string): HostKey[] {
  return hosts.filter((host) => host.marker === undefined && matches(host.names, name)).map((host) => host.key);
}

/** True when the key is marked @revoked for that host. */
export function isRevoked(hosts: readonly KnownHost[], name: string, key: HostKey): boolean {
  return hosts.some((host) => host.marker === "@revoked" && sameKey(host.key, key) && matches(host.names, name));
}

export function sameKey(a: HostKey, b: HostKey): boolean {
  return a.type === b.type && a.base64 === b.base64;
}

/**
 * What a known_hosts file says; a missing one says nothing. Lines that make no sense are passed over, as ssh does.
 * @throws MachineError `failed` when the file cannot be read
 */
export async function readKnownHosts(path: string): Promise<KnownHost[]> {
  return (await readLines(path)).flatMap((line) => parseLine(line) ?? []);
}

/** Adds a key of a host, unless it is there. The file (mode 0600) is made when it is missing. */
export async function pinHostKey(path: string, name: string, key: HostKey): Promise<void> {
  const lines = await readLines(path);
  const known = keysFor(
    lines.flatMap((line) => parseLine(line) ?? []),
    name,
  );
  if (known.some((other) => sameKey(other, key))) return;
  await replaceFile(path, text([...lines, lineFor(name, key)]), 0o600);
}

/** Makes `key` the only one of a host. Other hosts' lines, comments and markers stay. */
export async function replaceHostKey(path: string, name: string, key: HostKey): Promise<void> {
  const others = (await readLines(path)).filter((line) => {
    const host = parseLine(line);
    return host === undefined || host.marker !== undefined || !matches(host.names, name);
  });
  await replaceFile(path, text([...others, lineFor(name, key)]), 0o600);
}

async function readLines(path: string): Promise<string[]> {
  try {
    const content = await readFile(path, "utf8");
    return content.split(/\r?\n/).filter((line) => line !== "");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw new MachineError("failed", `could not read the known hosts: ${messageOf(error)}`, { cause: error });
  }
}

function parseLine(line: string): KnownHost | undefined {
  if (line.trimStart().startsWith("#")) return undefined;
  const fields = line.trim().split(/\s+/);
  const marker = fields[0]?.startsWith("@") === true ? fields.shift() : undefined;
  const [names, type, base64] = fields;
  if (names === undefined || base64 === undefined) return undefined;
  const key = hostKeyOf(Buffer.from(base64, "base64"));
  if (key === undefined || key.type !== type) return undefined;
  return { ...(marker === undefined ? {} : { marker }), names, key };
}

function lineFor(name: string, key: HostKey): string {
  return `${name} ${key.type} ${key.base64}`;
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function matches(names: string, name: string): boolean {
  const host = name.toLowerCase();
  if (names.startsWith("|")) return matchesHash(names, host);
  const patterns = names.toLowerCase().split(",");
  const negated = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  if (negated.some((pattern) => matchesPattern(pattern, host))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(pattern, host));
}

/** HashKnownHosts: HMAC-SHA1 of the name, keyed by the salt (OpenSSH's hostfile.c). */
function matchesHash(names: string, host: string): boolean {
  const [, version, salt, hash] = names.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(host).digest("base64") === hash;
}

/**
 * `*` and `?` are wildcards; everything else, brackets too, stands for itself. Goes back to the last `*` only, so that
 * no pattern takes longer than the product of both lengths.
 */
function matchesPattern(pattern: string, host: string): boolean {
  let [at, star, from] = [0, -1, 0];
  for (let read = 0; read < host.length;) {
    if (pattern[at] === "*") [star, from, at] = [at, read, at + 1];
    else if (pattern[at] === "?" || pattern[at] === host[read]) [at, read] = [at + 1, read + 1];
    else if (star === -1) return false;
    else [at, from, read] = [star + 1, from + 1, from + 1];
  }
  return /^\**$/.test(pattern.slice(at));
}
