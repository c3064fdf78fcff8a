import { X509Certificate, createPrivateKey } from "node:crypto";
import { canonicalName } from "./names.js";

/** What a certificate says. Dates are milliseconds since 1970. */
export interface CertificateFacts {
  /** e.g. `O=ann.web-1, CN=web-1`. */
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and addresses, as {@link canonicalName} writes them. */
  readonly names: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256, e.g. `AB:CD:...`. */
  readonly fingerprint: string;
}

export type Validity = Pick<CertificateFacts, "notBefore" | "notAfter">;

/** Days before its end from which a certificate is warned of, and renewed by whatever renews it. */
const renewalDays = 30;

/**
 * Reads the first certificate of a PEM text.
 * @throws Error where there is none
 */
export function describeCertificate(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: namesOf(certificate.subjectAltName ?? ""),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    fingerprint: certificate.fingerprint256,
  };
}

/** e.g. `2027-11-23`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Whole days until the end, e.g. 0 on the last day, negative when it is over. */
export function daysLeft({ notAfter }: Pick<CertificateFacts, "notAfter">, now: number): number {
  return Math.floor((notAfter - now) / (24 * 3_600_000));
}

/** Not in force yet, as one made by a clock that was ahead, in its last 30 days, or past them. */
export function isDue(facts: Validity, now: number): boolean {
  return facts.notBefore > now || daysLeft(facts, now) < renewalDays;
}

/** Signed by this CA, whose name it gives as its issuer. Says nothing about dates. */
export function isSignedBy(pem: string, caPem: string): boolean {
  const ca = new X509Certificate(caPem);
  const certificate = new X509Certificate(pem);
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
}

/** The certificate is for the public half of this private key. */
export function belongsTo(pem: string, keyPem: string): boolean {
  return new X509Certificate(pem).checkPrivateKey(createPrivateKey(keyPem));
}

/** Marked as the certificate of an authority (basicConstraints CA:TRUE). */
export function isAuthority(pem: string): boolean {
  return new X509Certificate(pem).ca;
}

/**
 * The engine may go on with this certificate: signed by the CA, not {@link isDue due}, and for `names` and
 * nothing else but `localhost`, which docker-machine adds. False also for a text that is no certificate.
 */
export function serverCertificateIsGood(pem: string, caPem: string, names: readonly string[], now: number): boolean {
  try {
    const facts = describeCertificate(pem);
    const known = new Set(names.map(canonicalName));
    const others = facts.names.filter((name) => !known.has(name) && name !== "localhost");
    const isForAll = [...known].every((name) => facts.names.includes(name));
    return isForAll && others.length === 0 && !isDue(facts, now) && isSignedBy(pem, caPem);
  } catch {
    return false;
  }
}

/** Node writes `DNS:web-1, IP Address:0:0:0:0:0:0:0:1`, and names with odd characters as JSON strings. */
function namesOf(subjectAltName: string): readonly string[] {
  const entries = subjectAltName.matchAll(/(?:DNS|IP Address):([^",]+)/g);
  return [...entries].map(([, name = ""]) => canonicalName(name));
}

/** Node puts each part on a line of its own and escapes what RFC 2253 escapes. */
function oneLine(name: string): string {
  return name.replaceAll("\n", ", ").replaceAll(/\\([,+"\\<>;])/g, "$1");
}
