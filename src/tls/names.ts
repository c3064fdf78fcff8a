import { isIP } from "node:net";
import { MachineError } from "../driver/index.js";

/** One subject alternative name, as {@link canonicalName} writes it. */
interface CertificateName {
  readonly type: "dns" | "ip";
  readonly value: string;
}

/**
 * What a server certificate has to hold for `names`, each one once. An address may stand in brackets;
 * a DNS name may begin with `*.`.
 * @throws MachineError `usage` that names what is neither a DNS name nor an address
 */
export function certificateNames(names: readonly string[]): readonly CertificateName[] {
  const values = new Set(names.map(canonicalName));
  return [...values].map((value) => {
    if (isIP(value) !== 0 && !value.includes("%")) return { type: "ip", value };
    if (dnsName.test(value) && value.length <= longestDnsName) return { type: "dns", value };
    throw new MachineError("usage", `"${value}" cannot stand in a certificate: it is no DNS name and no IP address`, {
      hint: "give names such as web.example.com, 192.0.2.7 or 2001:db8::7",
    });
  });
}

/** Labels of letters, digits, `-` and `_`: what hosts are called in practice, a little more than RFC 1123 allows. */
const dnsName = /^(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;
const longestDnsName = 253;

/**
 * The one way to write a name: lower case, no dot at the end, no brackets, IPv6 in its short form (RFC 5952).
 * A text that is no name comes back in lower case.
 */
export function canonicalName(name: string): string {
  const bare = /^\[(.*)\]$/.exec(name)?.[1] ?? name;
  // Node takes 4 ms to compile its pattern of an IPv6 address, so it is asked of nothing else.
  if (bare.includes(":") && !bare.includes("%") && isIP(bare) === 6)
    return new URL(`http://[${bare}]`).hostname.slice(1, -1);
  return bare.toLowerCase().replace(/\.$/, "");
}
