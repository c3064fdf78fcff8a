import { rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isCloudConfig, makeKeyPair, readUserData, saveKeyPair } from "../../driver/index.js";
import { userData, type Login } from "./cloud-config.js";
import { isoImage } from "./iso.js";
import { listsIn } from "./lists-in.js";
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
export async function seedImage(seed: Seed): Promise<Uint8Array> {
  const metaData = `instance-id: ${asYaml(seed.instanceId)}\nlocal-hostname: ${asYaml(seed.name)}\n`;
  return isoImage("cidata", [
    { name: "meta-data", content: Buffer.from(metaData) },
    { name: "user-data", content: await userData(seed) },
    { name: "network-config", content: Buffer.from(networkConfig(seed.interfaces)) },
  ]);
}

/**
 * Whether a person's own file of user data can be part of a seed.
 * @param flag which has named it
 * @throws MachineError `usage`
 */
export async function checkUserData(path: string, flag: string): Promise<void> {
  const theirs = await readUserData(path, flag);
  if (isCloudConfig(theirs)) await listsIn(theirs);
}

/**
 * Writes the seed, with a host key of the machine's own so that the first contact is verified, and beside it the key of
 * the machine's user; what is there from an earlier try is replaced. Returns what the driver's state keeps.
 * @param path of the seed, in the machine's directory
 * @param userDataFile path of the person's own user data; empty: none
 */
export async function writeSeed(
  path: string,
  seed: Omit<Seed, "authorizedKey" | "hostKey" | "userData">,
  userDataFile = "",
): Promise<{ SSHKeyPath: string; SSHHostKey: string }> {
  const [ours, hostKey] = [makeKeyPair(seed.name), makeKeyPair(seed.name)];
  const own = userDataFile === "" ? undefined : await readUserData(userDataFile, "user data");
  const iso = await seedImage({ ...seed, authorizedKey: ours.publicKey.trim(), hostKey, userData: own });
  // Not written over, so that it has the rights that it is given here.
  await rm(path, { force: true });
  await writeFile(path, iso, { mode: 0o600 });
  return { SSHKeyPath: await saveKeyPair(dirname(path), ours), SSHHostKey: hostKey.fingerprint };
}
