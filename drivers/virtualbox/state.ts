import {
  checkSaved,
  isPort,
  isText,
  sshTarget,
  type DriverState,
  type Machine,
  type SshTarget,
} from "../../src/driver/index.js";
import { networkOf } from "../../src/vm/index.js";

/** The `Driver` object of config.json: the members that docker-machine 0.16 has, in its order, then ours. */
export interface VirtualBoxState extends DriverState {
  /** docker-machine writes these two empty. */
  readonly VBoxManager: object;
  readonly HostInterfaces: object;
  /** Below 1: as many as the computer has. */
  readonly CPU: number;
  /** MB, as is DiskSize. */
  readonly Memory: number;
  readonly DiskSize: number;
  readonly NatNicType: string;
  readonly Boot2DockerURL: string;
  readonly Boot2DockerImportVM: string;
  readonly HostDNSResolver: boolean;
  /** As given; empty until it is chosen. */
  readonly HostOnlyCIDR: string;
  readonly HostOnlyNicType: string;
  readonly HostOnlyPromiscMode: string;
  readonly UIType: string;
  readonly HostOnlyNoDHCP: boolean;
  readonly NoShare: boolean;
  readonly DNSProxy: boolean;
  readonly NoVTXCheck: boolean;
  /** `FOLDER:NAME`; empty: the users' homes. */
  readonly ShareFolder: string;

  // From here on ours; absent in stores that docker-machine wrote.
  /** Of the virtual machine: chosen before it is made, so that it is found whenever that is cut off. */
  readonly UUID?: string;
  /** Id of the store, which the virtual machine is marked with. */
  readonly Owner?: string;
  /** Of the disk's image; absent or empty: it boots boot2docker. */
  readonly ImageURL?: string;
  /** Empty until the image is here, where nobody has said it before. */
  readonly ImageDigest?: string;
  readonly UserDataFile?: string;
  /** `SHA256:...`; empty until it is made. */
  readonly SSHHostKey?: string;
  /** As VirtualBox has them: twelve hexadecimal digits. */
  readonly NatMAC?: string;
  readonly HostOnlyMAC?: string;
  /** The host-only adapter, e.g. `vboxnet0`, or on a Mac the host-only network; empty until it is chosen. */
  readonly HostOnlyNetwork?: string;
}

export type VBoxMachine = Machine<VirtualBoxState>;
export type VBoxChanges = Partial<VirtualBoxState>;

const absent = {
  ...{ VBoxManager: {}, HostInterfaces: {}, CPU: 1, Memory: 1024, DiskSize: 20_000, NatNicType: "82540EM" },
  ...{ Boot2DockerURL: "", Boot2DockerImportVM: "", HostDNSResolver: false, HostOnlyCIDR: "192.168.99.1/24" },
  ...{ HostOnlyNicType: "82540EM", HostOnlyPromiscMode: "deny", UIType: "headless", HostOnlyNoDHCP: false },
  ...{ NoShare: false, DNSProxy: true, NoVTXCheck: false, ShareFolder: "" },
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A saved state with all members: one that is missing or null is what docker-machine takes it for.
 * @throws MachineError `failed` for what only a config.json is that somebody has edited
 */
export function stateOf(saved: Readonly<DriverState>): VirtualBoxState {
  const given = Object.fromEntries(Object.entries(saved).filter(([, value]: [string, unknown]) => value !== null));
  const state = { ...absent, ...given } as unknown as VirtualBoxState;
  const optional = (value: unknown, pattern?: RegExp): boolean => value === undefined || isText(value, pattern);
  checkSaved(state, {
    IPAddress: [isText(state.IPAddress, /^[\d.]*$/), "an IPv4 address"],
    SSHPort: [state.SSHPort === 0 || isPort(state.SSHPort), "a port"],
    SSHUser: [isText(state.SSHUser), "text"],
    SSHKeyPath: [isText(state.SSHKeyPath), "text"],
    CPU: [Number.isSafeInteger(state.CPU), "a whole number"],
    Memory: [Number.isSafeInteger(state.Memory), "a whole number"],
    DiskSize: [Number.isSafeInteger(state.DiskSize), "a whole number"],
    NatNicType: [isText(state.NatNicType, /^\w*$/), "a type of adapter"],
    HostOnlyNicType: [isText(state.HostOnlyNicType, /^\w*$/), "a type of adapter"],
    HostOnlyPromiscMode: [isText(state.HostOnlyPromiscMode, /^[\w-]*$/), "a promiscuous mode"],
    UIType: [isText(state.UIType, /^\w*$/), "a kind of user interface"],
    HostOnlyCIDR: [isText(state.HostOnlyCIDR, /^([\d.]+\/\d+)?$/), "an address with the bits of its mask"],
    ShareFolder: [isText(state.ShareFolder), "text"],
    Boot2DockerURL: [isText(state.Boot2DockerURL), "text"],
    Boot2DockerImportVM: [isText(state.Boot2DockerImportVM), "text"],
    UUID: [optional(state.UUID, uuid), "a UUID"],
    Owner: [optional(state.Owner), "text"],
    ImageURL: [optional(state.ImageURL), "text"],
    ImageDigest: [optional(state.ImageDigest), "text"],
    UserDataFile: [optional(state.UserDataFile), "text"],
    SSHHostKey: [optional(state.SSHHostKey), "text"],
    NatMAC: [optional(state.NatMAC, /^[0-9A-F]{12}$/), "a MAC address without colons"],
    HostOnlyMAC: [optional(state.HostOnlyMAC, /^[0-9A-F]{12}$/), "a MAC address without colons"],
    HostOnlyNetwork: [optional(state.HostOnlyNetwork), "text"],
  });
  return { ...state, SSHUser: state.SSHUser === "" ? "docker" : state.SSHUser };
}

/** The machine with its state as {@link stateOf} reads it. */
export function readMachine(machine: Machine): VBoxMachine {
  return { ...machine, state: stateOf(machine.state) };
}

/** What VirtualBox finds the virtual machine by: its UUID, where it is known, since names can be changed. */
export function vmOf({ UUID, MachineName }: VirtualBoxState): string {
  return UUID ?? MachineName;
}

/** True for a machine that boots the ISO that docker-machine gave it. */
export function isBoot2Docker({ ImageURL = "" }: VirtualBoxState): boolean {
  return ImageURL === "";
}

/** docker-machine's default, which it also takes where config.json has none. */
export function networkIn({ HostOnlyCIDR }: VirtualBoxState): string {
  const cidr = HostOnlyCIDR === "" ? "192.168.99.1/24" : HostOnlyCIDR;
  return networkOf(cidr) === undefined ? "192.168.99.1/24" : cidr;
}

/** ssh goes through the port of this computer that VirtualBox forwards. */
export function target(state: VirtualBoxState): SshTarget {
  return sshTarget(state, state.SSHHostKey, "127.0.0.1");
}
