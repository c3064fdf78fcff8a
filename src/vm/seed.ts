import { MachineError, type KeyPair } from "../driver/index.js";

/** What a machine learns at its first boot, by cloud-init's NoCloud. */
export interface Seed {
  /** Host name. */
  readonly name: string;
  /** Never the same for two machines. */
  readonly instanceId: string;
  /** Who may log in by ssh, with sudo without a password. */
  readonly user: string;
  /** A line for authorized_keys. */
  readonly authorizedKey: string;
  /** The machine's own, so that it is known before the first contact. */
  readonly hostKey: KeyPair;
  readonly interfaces: readonly Interface[];
  /** Text of the user's own user data: a cloud-config, which ours is merged with, or a script. */
  readonly userData?: string | undefined;
  /** Lines of fstab: what is mounted where, as cloud-init's `mounts` has them. */
  readonly mounts?: readonly (readonly string[])[];
}

export interface Interface {
  /** `52:54:00:12:34:56` */
  readonly mac: string;
  /** `192.168.59.20/24`; undefined: by DHCP. */
  readonly address?: string;
}

/**
 * An ISO 9660 image (Joliet, Rock Ridge) labelled `cidata` with meta-data, user-data and network-config: the same bytes
 * for the same seed. It holds the machine's private host key.
 * @see https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
 */
export function seedImage(_seed: Seed): Uint8Array {
  throw new MachineError("failed", "not there yet");
}
