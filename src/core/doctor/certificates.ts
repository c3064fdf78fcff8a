import { MachineError, ok, warning, type Finding } from "../../driver/index.js";
import { dayOf } from "../../tls/renewal.js";
import { certificatesEnd, expiryOf } from "../clients/cert-expiry.js";

/**
 * When the first certificate of a directory ends; undefined: there is none.
 * @param renewal what to type before
 * @throws MachineError where it has ended
 */
export function checkExpiry(dir: string, renewal: string): Finding | undefined {
  const end = certificatesEnd(dir);
  const soon = expiryOf(end);
  if (soon?.isOver) throw new MachineError("failed", `they ${soon.when}`, { hint: renewal });
  if (soon !== undefined) return warning(`they ${soon.when}`, renewal);
  return end && ok(`good until ${dayOf(end.getTime())}`);
}
