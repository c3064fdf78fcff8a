import { asYaml } from "./yaml.js";

export interface Interface {
  /** `52:54:00:12:34:56` */
  readonly mac: string;
  /** `192.168.59.20/24`; undefined: by DHCP. */
  readonly address?: string;
}

/**
 * Version 2 of cloud-init's network configuration. An interface with an address is no way out: it has no gateway.
 * @see https://cloudinit.readthedocs.io/en/latest/reference/network-config-format-v2.html
 */
export function networkConfig(interfaces: readonly Interface[]): string {
  const ethernets = interfaces.map(({ mac, address }, index) => {
    const match = { macaddress: mac.toLowerCase() };
    // By MAC, as a DHCP server would take a copy of the disk for the same machine, by its machine-id.
    const dhcp = { match, dhcp4: true, "dhcp-identifier": "mac" };
    const fixed = { match, dhcp4: false, addresses: [address] };
    return [`nic${String(index)}`, address === undefined ? dhcp : fixed];
  });
  return `${asYaml({ version: 2, ethernets: Object.fromEntries(ethernets) as Readonly<Record<string, unknown>> })}\n`;
}
