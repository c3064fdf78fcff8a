import { MachineError, ok, warning, type Finding } from "../../driver/index.js";
import { dayOf } from "../../tls/describe.js";
import { certificatesValidity, renewalOf } from "../clients/cert-expiry.js";

/**
 * Until when the certificates of a directory are good; undefined: there is none.
 * @param renewal what to type before
 * @throws MachineError where they are of no use
 */
export function checkExpiry(dir: string, renewal: string): Finding | undefined {
  const validity = certificatesValidity(dir);
  const due = renewalOf(validity);
  if (due?.isInvalid) throw new MachineError("failed", `they ${due.why}`, { hint: renewal });
  if (due !== undefined) return warning(`they ${due.why}`, renewal);
  return validity && ok(`good until ${dayOf(validity.notAfter)}`);
}
