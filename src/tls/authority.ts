import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMachineError, MachineError, messageOf, type Io, fileFailure, isSystemError } from "../driver/index.js";
import { makeDirectory, removeLeftovers, replaceFile, replaceFiles, type NewFile } from "../store/file.js";
import {
  makeAuthority,
  makeClientCertificate,
  makeServerCertificate,
  renewAuthority,
  type Identity,
} from "./certificate.js";
import { dayOf, describeCertificate } from "./describe.js";
import {
  authorityAction,
  clientAction,
  invalidity,
  isOurs,
  refusal,
  renewIt,
  type CertPaths,
  type Files,
} from "./renewal.js";

export type { CertPaths };

/** What making certificates needs from outside. */
export interface AuthorityContext {
  readonly lock: Io["lock"];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Stands in the subjects. */
  readonly user: string;
  /** Paths that the user gave now: outside the store's folder only these are made. */
  readonly named: readonly string[];
  /** Told one line for everything that is made or renewed. */
  readonly notice: (line: string) => void;
}

/**
 * Sees to it that there are a CA and a client certificate that it has signed, good for 30 days at least. Whatever is
 * missing is made; what ends soon is renewed for the key it has, so that nothing else stops to be good.
 * One process at a time writes (lock "ca"); when all is well nothing is locked, written or loaded.
 * @throws MachineError where only the user can tell what is right
 */
export async function ensureAuthority(paths: CertPaths, context: AuthorityContext): Promise<void> {
  const { isWell } = await checkAuthority(paths, context.now);
  if (!isWell) await bringUp(paths, context, false);
}

/**
 * Looks at the CA and the client certificate and changes nothing. `isWell`: {@link ensureAuthority} would not either.
 * @param now milliseconds since 1970
 * @throws MachineError where only the user can tell what is right
 */
export async function checkAuthority(paths: CertPaths, now: number): Promise<{ readonly isWell: boolean }> {
  const files = await readFiles(paths);
  return { isWell: authorityAction(paths, files, now) === "keep" && clientAction(paths, files, now) === "keep" };
}

/**
 * New dates for the CA, whose key stays, and a new client certificate with a new key, whatever is left of the old
 * ones. Every engine stays reachable with the new certificate. Files of the user's own stay.
 * @throws MachineError where the client certificate is the user's own, and like {@link ensureAuthority}
 */
export async function renewClientCertificate(paths: CertPaths, context: AuthorityContext): Promise<void> {
  if (!isOurs(paths, paths.cert, paths.key)) {
    throw refusal(`the client certificate ${paths.cert} is your own and stays as it is`, renewIt("client"));
  }
  await bringUp(paths, context, true);
}

interface ServerRequest {
  readonly machine: string;
  readonly user: string;
  /** All names and addresses by which the engine is reached. */
  readonly names: readonly string[];
  readonly now: number;
}

/** PEM texts. */
interface IssuedCertificate {
  /** The authority of the engine's clients. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The authority that has signed `cert`. */
  readonly authority: string;
}

/** A new certificate for a machine's engine, and what the engine needs beside it. Writes nothing. */
export async function issueServerCertificate(paths: CertPaths, request: ServerRequest): Promise<IssuedCertificate> {
  const ca = { cert: await readNeeded(paths.ca), key: await readNeeded(paths.caKey) };
  return { ca: ca.cert, authority: ca.cert, ...(await makeServerCertificate(ca, request)) };
}

/** The same, signed by a new authority that signs nothing else: its key is kept nowhere. */
export async function issueWithOwnAuthority(paths: CertPaths, request: ServerRequest): Promise<IssuedCertificate> {
  const own = await makeAuthority(request);
  return { ca: await readNeeded(paths.ca), authority: own.cert, ...(await makeServerCertificate(own, request)) };
}

/**
 * Puts ca.pem, cert.pem and key.pem where `DOCKER_CERT_PATH` of a machine points. A file that is right is not touched.
 * @param authority ca.pem; default: the authority of the client certificate
 * @returns whether there was something to write
 */
export async function installClientCertificate(
  paths: CertPaths,
  machineDir: string,
  authority?: string,
): Promise<boolean> {
  const wanted = [
    { content: authority ?? (await readNeeded(paths.ca)), to: "ca.pem", mode: 0o644 },
    { content: await readNeeded(paths.cert), to: "cert.pem", mode: 0o644 },
    { content: await readNeeded(paths.key), to: "key.pem", mode: 0o600 },
  ];
  const due: NewFile[] = [];
  for (const { content, to, mode } of wanted) {
    const path = join(machineDir, to);
    if (content !== (await readIfThere(path))) due.push({ path, content, mode });
  }
  await replaceFiles(due);
  return due.length > 0;
}

/** `forced`: also what is not due is renewed. */
async function bringUp(paths: CertPaths, context: AuthorityContext, forced: boolean): Promise<void> {
  await makeDirectory(paths.dir).catch((error: unknown) => {
    throw fileFailure(`Error generating certificates: ${paths.dir} cannot be made`, error);
  });
  await context.lock("ca", async () => {
    await removeLeftovers(paths.dir);
    await bringUpAuthority(paths, context, forced);
    await bringUpClient(paths, context, forced);
  });
}

/** A certificate is written before its key: a certificate alone is a run that was cut off, a key alone is not. */
async function bringUpAuthority(
  paths: CertPaths,
  { now, user, named, notice }: AuthorityContext,
  forced: boolean,
): Promise<void> {
  const files = await readFiles(paths);
  const action = authorityAction(paths, files, now, forced);
  if (action === "make") {
    checkNamed(paths, named, paths.ca, paths.caKey);
    notice(`Creating CA: ${paths.ca}`);
    await write(paths.ca, paths.caKey, await makeAuthority({ user, now }));
  }
  if (action === "renew") {
    const ca = authorityIn(files);
    notice(renewalNotice(paths.ca, ca.cert, now));
    await replaceFile(paths.ca, await renewAuthority(ca, now), 0o644);
  }
}

async function bringUpClient(
  paths: CertPaths,
  { now, user, named, notice }: AuthorityContext,
  forced: boolean,
): Promise<void> {
  const files = await readFiles(paths);
  const action = clientAction(paths, files, now, forced);
  if (action === "keep") return;
  checkNamed(paths, named, paths.cert, paths.key);
  notice(`${files.cert === undefined ? "Creating" : "Renewing"} client certificate: ${paths.cert}`);
  const key = action === "renew" ? files.key : undefined;
  const client = await makeClientCertificate(authorityIn(files), { user, now, key });
  if (key === undefined) await write(paths.cert, paths.key, client);
  else await replaceFile(paths.cert, client.cert, 0o644);
}

/** A config.json, which may be somebody else's, makes no files outside the store. */
function checkNamed(paths: CertPaths, named: readonly string[], ...needed: readonly string[]): void {
  const missing = needed.find((path) => !isOurs(paths, path) && !named.includes(path));
  if (missing === undefined) return;
  throw refusal(`there is no ${missing}, which the machine's config.json names`, { hint: "restore the file" });
}

/** The store's own folder is there; one that the user names is not made, since a slip in its name would go unseen. */
async function write(certPath: string, keyPath: string, { cert, key }: Identity): Promise<void> {
  try {
    await replaceFiles([
      { path: certPath, content: cert, mode: 0o644 },
      { path: keyPath, content: key, mode: 0o600 },
    ]);
  } catch (error) {
    const hint = isMachineError(error) ? error.hint : undefined;
    throw new MachineError("failed", `Error generating certificates: ${messageOf(error)}`, {
      hint: hint ?? `check that the folders of ${certPath} and ${keyPath} are there and can be written`,
      cause: error,
    });
  }
}

/** What an engine does with a renewed CA before it has got it: it goes on until the old one ends. */
function renewalNotice(path: string, old: string, now: number): string {
  const validity = describeCertificate(old);
  const invalid = invalidity(validity, now);
  return invalid === undefined
    ? `Renewing CA: ${path} (every machine needs it before ${dayOf(validity.notAfter)}: machine regenerate-certs NAME)`
    : `Renewing CA: ${path} (it ${invalid}; every machine needs the new one: machine regenerate-certs NAME)`;
}

function authorityIn({ ca = "", caKey = "" }: Files): Identity {
  return { cert: ca, key: caKey };
}

async function readFiles({ ca, caKey, cert, key }: CertPaths): Promise<Files> {
  return {
    ca: await readIfThere(ca),
    caKey: await readIfThere(caKey),
    cert: await readIfThere(cert),
    key: await readIfThere(key),
  };
}

async function readNeeded(path: string): Promise<string> {
  const text = await readIfThere(path);
  if (text !== undefined) return text;
  throw new MachineError("failed", `there is no ${path}`, {
    hint: "make the certificates with: machine regenerate-certs --client-certs",
  });
}

/** Undefined: there is no such file. @throws MachineError `failed` where it cannot be read */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw new MachineError("failed", `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
