import type { SshTarget } from "./io.js";
import type { DriverState } from "./machine.js";
import { enginePort } from "./port.js";

/** A host as it stands in a URL: an IPv6 address has brackets there. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** Where an engine listens: `tcp://192.0.2.7:2376`. */
export function engineUrl(host: string, port = enginePort): string {
  return `tcp://${bracketed(host)}:${String(port)}`;
}

/**
 * How ssh reaches a machine by its state's common fields. A key that is empty is none.
 * @param hostKey `SHA256:...`; empty: any at the first contact
 */
export function sshTarget(
  { IPAddress, SSHPort: port, SSHUser: user, SSHKeyPath: keyPath }: DriverState,
  hostKey = "",
  host = IPAddress,
): SshTarget {
  return {
    ...{ kind: "ssh", host, port, user },
    ...(keyPath === "" ? {} : { keyPath }),
    ...(hostKey === "" ? {} : { hostKey }),
  };
}
