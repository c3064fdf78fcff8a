import { readFileSync } from "node:fs";
import { join } from "node:path";
import { daysLeft, describeCertificate, endsSoon } from "../../tls/describe.js";
import type { Session } from "../session/session.js";

/** What `inspect` shows of a certificate. Dates are ISO 8601. */
export interface CertificateSummary {
  readonly Subject: string;
  readonly Names: readonly string[];
  readonly NotBefore: string;
  readonly NotAfter: string;
}

/** The machine's certificates by their file names; one that is missing or cannot be read is left out. */
export function machineCertificates(dir: string): Readonly<Record<string, CertificateSummary>> {
  const found: Record<string, CertificateSummary> = {};
  for (const file of ["ca.pem", "cert.pem", "server.pem"]) {
    const facts = factsOf(join(dir, file));
    if (facts === undefined) continue;
    found[file] = {
      Subject: facts.subject,
      Names: facts.names,
      NotBefore: new Date(facts.notBefore).toISOString(),
      NotAfter: new Date(facts.notAfter).toISOString(),
    };
  }
  return found;
}

/** When the first of them ends; undefined where there is none. */
export function certificatesEnd(dir: string): Date | undefined {
  const ends = Object.values(machineCertificates(dir)).map(({ NotAfter }) => Date.parse(NotAfter));
  return ends.length === 0 ? undefined : new Date(Math.min(...ends));
}

/** Warns 30 days ahead, with the command that renews. */
export function warnOfExpiry(session: Session, { name, dir }: { readonly name: string; readonly dir: string }): void {
  const soon = expiryOf(certificatesEnd(dir));
  if (soon === undefined) return;
  session.tell(`The certificates of ${name} ${soon.when}. To renew them: machine regenerate-certs ${name}`);
}

/** That certificates end, the first of them then, within 30 days; undefined: they do not. */
export function expiryOf(end: Date | undefined): { readonly isOver: boolean; readonly when: string } | undefined {
  const facts = end && { notAfter: end.getTime() };
  if (facts === undefined || !endsSoon(facts, Date.now())) return undefined;
  const days = daysLeft(facts, Date.now());
  const isOver = days < 0;
  return { isOver, when: isOver ? "have expired" : `expire in ${String(days)} days` };
}

function factsOf(path: string): ReturnType<typeof describeCertificate> | undefined {
  try {
    return describeCertificate(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
