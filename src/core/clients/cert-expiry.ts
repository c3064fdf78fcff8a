import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dayOf, daysLeft, describeCertificate, isDue, type Validity } from "../../tls/describe.js";
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

/** When all of them are in force; undefined where there is none. */
export function certificatesValidity(dir: string): Validity | undefined {
  const all = Object.values(machineCertificates(dir));
  if (all.length === 0) return undefined;
  return {
    notBefore: Math.max(...all.map(({ NotBefore }) => Date.parse(NotBefore))),
    notAfter: Math.min(...all.map(({ NotAfter }) => Date.parse(NotAfter))),
  };
}

/** Warns 30 days ahead, with the command that renews. */
export function warnOfExpiry(session: Session, { name, dir }: { readonly name: string; readonly dir: string }): void {
  const due = renewalOf(certificatesValidity(dir));
  if (due === undefined) return;
  session.tell(`The certificates of ${name} ${due.why}. To renew them: machine regenerate-certs ${name}`);
}

/** Why certificates are to be renewed, and whether they are of no use already; undefined: they are not. */
export function renewalOf(
  validity: Validity | undefined,
): { readonly isInvalid: boolean; readonly why: string } | undefined {
  const now = Date.now();
  if (validity === undefined || !isDue(validity, now)) return undefined;
  if (validity.notBefore > now) return { isInvalid: true, why: `are not valid before ${dayOf(validity.notBefore)}` };
  const days = daysLeft(validity, now);
  return days < 0
    ? { isInvalid: true, why: "have expired" }
    : { isInvalid: false, why: `expire in ${String(days)} days` };
}

function factsOf(path: string): ReturnType<typeof describeCertificate> | undefined {
  try {
    return describeCertificate(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
