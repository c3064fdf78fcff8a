import type { SshTarget } from "./io.js";
import type { DriverState } from "./machine.js";
import { enginePort } from "./port.js";

/** A host as it stands in a URL: an IPv6 address has brackets there. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** An address or a name, without port and user. A zone (`fe80::1%eth0`) has no place in a URL. */
export function isHost(host: string): boolean {
  return /^[^\s@/?#\\]+$/.test(host) && URL.canParse(engineUrl(host));
}

/** What docker-machine takes for a URL, scripts' `none` included, that is one word for a shell, and one line. */
export function isUrl(url: string): boolean {
  return /^[^\s\p{Cc}"'`]+$/u.test(url);
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
