import { userData, type Login } from "./cloud-config.js";
import { isoImage } from "./iso.js";
import { networkConfig, type Interface } from "./network-config.js";
import { asYaml } from "./yaml.js";

export type { Interface } from "./network-config.js";

/** What a machine learns at its first boot, by cloud-init's NoCloud. */
export interface Seed extends Login {
  /** Host name. */
  readonly name: string;
  /** Never the same for two machines. */
  readonly instanceId: string;
  readonly interfaces: readonly Interface[];
}

/**
 * An ISO 9660 image (Joliet, Rock Ridge) labelled `cidata` with meta-data, user-data and network-config: the same bytes
 * for the same seed. It holds the machine's private host key.
 * @see https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
 */
export function seedImage(seed: Seed): Uint8Array {
  const metaData = `instance-id: ${asYaml(seed.instanceId)}\nlocal-hostname: ${asYaml(seed.name)}\n`;
  return isoImage("cidata", [
    { name: "meta-data", content: Buffer.from(metaData) },
    { name: "user-data", content: userData(seed) },
    { name: "network-config", content: Buffer.from(networkConfig(seed.interfaces)) },
  ]);
}
