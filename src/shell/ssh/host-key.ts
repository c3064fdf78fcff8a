import { fingerprintOf, MachineError } from "../../driver/index.js";
import {
  hostKeyOf,
  isRevoked,
  keysFor,
  pinHostKey,
  readKnownHosts,
  replaceHostKey,
  sameKey,
  type HostKey,
} from "../known-hosts.js";

/** The host whose key is checked, and what is known about it beforehand. */
export interface HostKeyQuestion {
  /** Machine that messages name. */
  readonly machine: string;
  /** Name of the host in messages, e.g. `192.0.2.7 port 22`. */
  readonly host: string;
  /** Name of its entries in the machine's file. */
  readonly alias: string;
  /** Name of its entries in the user's file. */
  readonly userAlias: string;
  /** The machine's known_hosts file. */
  readonly file: string;
  /** The user's known_hosts file. Default: none. */
  readonly userFile?: string | undefined;
  /** `SHA256:...` that the key must have at the first contact. */
  readonly expected?: string | undefined;
  /** `SHA256:...` of a key that takes the place of the pinned one. */
  readonly trust?: string | undefined;
}

/** The check of one connection. `verify` is synchronous, because ssh2 takes a promise for a yes. */
export interface HostKeyCheck {
  /** Host key algorithms to offer; those of known keys come first, else a host with several keys would look changed. */
  readonly algorithms: readonly string[];
  verify(blob: Uint8Array): boolean;
  /** Why `verify` said no. */
  refusal(): MachineError | undefined;
  /** The key accepted at the first contact, for the notice. */
  firstContact(): HostKey | undefined;
  /** Saves the accepted key; to be called when the host has proved that it holds it. */
  save(): Promise<void>;
}

type Verdict =
  | { readonly accept: "pinned" | "known" | "new" | "trusted" }
  | { readonly accept?: never; readonly refusal: MachineError };

/** Reads what is known and answers for one connection, also when its keys are exchanged again. */
export async function hostKeyCheck(question: HostKeyQuestion): Promise<HostKeyCheck> {
  const known = await readKnown(question);
  let seen: { readonly key: HostKey; readonly verdict: Verdict } | undefined;
  return {
    algorithms: algorithmsFor(known.pinned.length > 0 ? known.pinned : known.user),
    verify: (blob) => {
      const key = hostKeyOf(blob);
      if (key === undefined) return false;
      if (seen !== undefined && !sameKey(seen.key, key)) return false;
      seen ??= { key, verdict: judge(key, question, known) };
      return seen.verdict.accept !== undefined;
    },
    refusal: () => (seen?.verdict.accept === undefined ? seen?.verdict.refusal : undefined),
    firstContact: () => (seen?.verdict.accept === "new" ? seen.key : undefined),
    save: async () => {
      const accepted = seen?.verdict.accept;
      if (seen === undefined || accepted === undefined || accepted === "pinned") return;
      await (accepted === "trusted" ? replaceHostKey : pinHostKey)(question.file, question.alias, seen.key);
    },
  };
}

interface Known {
  readonly pinned: readonly HostKey[];
  readonly user: readonly HostKey[];
  readonly revoked: (key: HostKey) => boolean;
}

async function readKnown({ file, alias, userFile, userAlias }: HostKeyQuestion): Promise<Known> {
  const own = await readKnownHosts(file);
  const user = userFile === undefined ? [] : await readKnownHosts(userFile);
  return {
    pinned: keysFor(own, alias),
    user: keysFor(user, userAlias).filter((key) => algorithmsOf(key.type).some((name) => offered.includes(name))),
    revoked: (key) => isRevoked(own, alias, key) || isRevoked(user, userAlias, key),
  };
}

function judge(key: HostKey, question: HostKeyQuestion, { pinned, user, revoked }: Known): Verdict {
  const isKey = (other: HostKey): boolean => sameKey(other, key);
  if (revoked(key)) return refuse(key, question, "is marked as revoked", stolen);
  if (pinned.some(isKey)) return { accept: "pinned" };
  if (question.trust !== undefined && bare(question.trust) === fingerprintOf(key.base64)) return { accept: "trusted" };
  if (pinned.length > 0) {
    const hint = `if you know why, e.g. the host was installed anew: ${trustCommand(question, key)}`;
    return refuse(key, question, `has changed: pinned ${describe(pinned)}, now`, hint);
  }
  if (question.expected !== undefined) {
    if (bare(question.expected) === fingerprintOf(key.base64)) return { accept: "known" };
    const hint = `if this is expected, pass the new fingerprint, or for an existing machine: ${trustCommand(question, key)}`;
    return refuse(key, question, `is not the expected ${bare(question.expected)} but`, hint);
  }
  if (user.some(isKey)) return { accept: "known" };
  if (user.length === 0) return { accept: "new" };
  // A machine that is being made is gone again by now, so that nothing could be said of it.
  const hint = `if another host has this address now: ssh-keygen -R ${question.userAlias}`;
  return refuse(key, question, `is not the one in ${question.userFile ?? ""}: known ${describe(user)}, now`, hint);
}

function refuse(key: HostKey, { machine, host }: HostKeyQuestion, why: string, hint: string): Verdict {
  const message = `${machine}: the host key of ${host} ${why} ${describe([key])}`;
  return { refusal: new MachineError("untrusted", message, { hint }) };
}

const stolen = "somebody who has stolen the key may be answering; give the host a new one";

function trustCommand({ machine }: HostKeyQuestion, key: HostKey): string {
  return `machine trust ${machine} ${fingerprintOf(key.base64)}`;
}

function describe(keys: readonly HostKey[]): string {
  return keys.map((key) => `${key.type} ${fingerprintOf(key.base64)}`).join(", ");
}

/** Some tools print the padding that ssh-keygen leaves out. */
function bare(given: string): string {
  return given.trim().replace(/=+$/, "");
}

const offered: readonly string[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
];

function algorithmsFor(keys: readonly HostKey[]): string[] {
  return [...new Set([...keys.flatMap((key) => algorithmsOf(key.type)), ...offered])].filter((name) =>
    offered.includes(name),
  );
}

/** One RSA key serves three signature algorithms (RFC 8332). */
function algorithmsOf(type: string): readonly string[] {
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
}
