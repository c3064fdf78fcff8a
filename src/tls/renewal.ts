import { createPrivateKey } from "node:crypto";
import { dirname, resolve } from "node:path";
import { MachineError, messageOf } from "../driver/index.js";
import { belongsTo, dayOf, describeCertificate, isAuthority, isDue, isSignedBy, type Validity } from "./describe.js";

/** Where the certificates of a store are. A file outside `dir` is the user's own and never replaced. */
export interface CertPaths {
  readonly dir: string;
  readonly ca: string;
  readonly caKey: string;
  readonly cert: string;
  readonly key: string;
}

/** The texts of the four files; undefined for one that is not there. */
export type Files = { readonly [K in Exclude<keyof CertPaths, "dir">]: string | undefined };

/** `make`: with a new key. `renew`: for the key that is there. */
type Action = "keep" | "make" | "renew";

/**
 * What is due for the CA: made where there is none, renewed before it is in force and in its last 30 days. A certificate without its key and with
 * no client certificate beside it is a first run that was cut off.
 * @param forced it is renewed now
 * @throws MachineError where only the user can tell what is right, and for files of the user's own that are not good
 */
export function authorityAction(paths: CertPaths, files: Files, now: number, forced = false): Action {
  const ours = isOurs(paths, paths.ca, paths.caKey);
  const { ca, caKey } = files;
  if (ca === undefined) {
    if (caKey === undefined) return "make";
    throw refusal("certificate authority key already exists", {
      hint: `put the certificate back as ${paths.ca}, or move ${paths.caKey} away to get a new authority`,
    });
  }
  if (caKey === undefined) {
    if (ours && files.cert === undefined && files.key === undefined) return "make";
    throw refusal(`there is no ${paths.caKey}, the key of the authority ${paths.ca}`, {
      hint: ours
        ? `put it back, or move ${paths.ca} away to get a new authority`
        : "name the key with --tls-ca-key, or leave --tls-ca-cert out",
    });
  }
  const problem = authorityProblem(ca, caKey);
  if (problem !== undefined) {
    throw refusal(`the authority ${paths.ca} ${problem}`, {
      hint: `put the right ${paths.ca} and ${paths.caKey} there, or move both away to get a new authority`,
    });
  }
  const facts = describeCertificate(ca);
  if (ours) return forced || isDue(facts, now) ? "renew" : "keep";
  const invalid = invalidity(facts, now);
  if (invalid === undefined) return "keep";
  throw refusal(`the authority ${paths.ca} ${invalid}`, renewIt("ca"));
}

function authorityProblem(ca: string, caKey: string): string | undefined {
  try {
    if (!isAuthority(ca)) return "is the certificate of no authority (CA:TRUE is missing)";
    return belongsTo(ca, caKey) ? undefined : "does not belong to its key";
  } catch (error) {
    return `or its key cannot be read: ${messageOf(error)}`;
  }
}

/**
 * What is due for the client certificate, once `files` hold the CA that it needs.
 * @param forced it is made anew
 * @throws MachineError like {@link authorityAction}
 */
export function clientAction(paths: CertPaths, files: Files, now: number, forced = false): Action {
  const ours = isOurs(paths, paths.cert, paths.key);
  const { cert, key } = files;
  if (cert === undefined) {
    if (key === undefined) return "make";
    throw refusal("client key already exists", {
      hint: `put the certificate back as ${paths.cert}, or move ${paths.key} away to get a new one`,
    });
  }
  if (ours && !isOurs(paths, paths.ca) && !isOf(cert, files.ca)) {
    // Signed anew, it would no longer open the machines of this store's own authority.
    throw refusal(`the client certificate ${paths.cert} is not of the authority ${paths.ca}`, {
      hint: "give one of that authority as well: --tls-client-cert and --tls-client-key",
    });
  }
  if (ours) {
    if (forced || key === undefined || !isKey(key)) return "make";
    return clientProblem(files, now) === undefined && !isDue(describeCertificate(cert), now) ? "keep" : "renew";
  }
  const problem = clientProblem(files, now);
  if (problem === undefined) return "keep";
  throw refusal(`the client certificate ${paths.cert} ${problem}`, renewIt("client"));
}

/** False also for a text that is no certificate. */
function isOf(cert: string, ca: string | undefined): boolean {
  try {
    return ca !== undefined && isSignedBy(cert, ca);
  } catch {
    return false;
  }
}

function clientProblem({ ca, cert, key }: Files, now: number): string | undefined {
  if (ca === undefined || cert === undefined || key === undefined) return "has no key beside it";
  try {
    if (!belongsTo(cert, key)) return "does not belong to its key";
    if (!isSignedBy(cert, ca)) return "is signed by another authority";
    return invalidity(describeCertificate(cert), now);
  } catch (error) {
    return `or its key cannot be read: ${messageOf(error)}`;
  }
}

/** Why a certificate is of no use at this time, as the end of a sentence about it. */
export function invalidity({ notBefore, notAfter }: Validity, now: number): string | undefined {
  if (notBefore > now) return `is not valid before ${dayOf(notBefore)}`;
  return notAfter > now ? undefined : `ended on ${dayOf(notAfter)}`;
}

/** All of `paths` are files of the store. */
export function isOurs({ dir }: CertPaths, ...paths: readonly string[]): boolean {
  return paths.every((path) => dirname(resolve(path)) === resolve(dir));
}

function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === "private";
  } catch {
    return false;
  }
}

/** The hint for a file of the user's own. */
export function renewIt(prefix: "ca" | "client"): { hint: string } {
  return { hint: `renew it by what made it, or leave --tls-${prefix}-cert and --tls-${prefix}-key out` };
}

/** The error of this step of a command, in docker-machine's words. */
export function refusal(message: string, options: { hint: string }): MachineError {
  return new MachineError("failed", `Error generating certificates: ${message}`, options);
}
