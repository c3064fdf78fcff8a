import { join } from "node:path";
import { checkSaved, isPort, isText, type DriverState, type Machine } from "../../src/driver/index.js";
import type { Architecture } from "../../src/vm/index.js";

/** The `Driver` object of config.json. */
export interface QemuState extends DriverState {
  /** UUID that no other machine has: by it the process is known, and the MAC addresses are made of it. */
  readonly MachineId: string;
  readonly Architecture: Architecture;
  /** URL or file that the disk's image comes from. */
  readonly ImageURL: string;
  /** `sha256:HEX` or `sha512:HEX` of the image; empty until it is known. */
  readonly ImageDigest: string;
  readonly CPU: number;
  /** In MB, as DiskSize. */
  readonly Memory: number;
  readonly DiskSize: number;
  /** Path of the user's own user data for the first boot; empty: none. */
  readonly UserDataFile: string;
  /** `HOSTDIR:GUESTDIR` each. */
  readonly ShareFolders: readonly string[];
  /** `user`, `socket`, `vmnet` or `tap:INTERFACE`. */
  readonly Network: string;
  /** With its length, e.g. `10.213.0.10/24`: on a network `socket`; else empty. */
  readonly NetworkAddress: string;
  /** Port on this computer; 0 until it is chosen, as is SSHPort. */
  readonly EnginePort: number;
  /** On Windows, where QEMU is asked by TCP; else 0. */
  readonly MonitorPort: number;
  /** `SHA256:...`; empty until it is made. */
  readonly SSHHostKey: string;
}

/** What only a config.json that somebody has edited is not. */
export function checkState(state: QemuState): void {
  const isChosenOrNot = (port: number): boolean => port === 0 || isPort(port);
  const isSize = (size: number): boolean => Number.isSafeInteger(size) && size > 0;
  checkSaved(state, {
    MachineId: [isText(state.MachineId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/), "a UUID"],
    Architecture: [["amd64", "arm64"].includes(state.Architecture), "amd64 or arm64"],
    ImageURL: [isText(state.ImageURL), "text"],
    ImageDigest: [isText(state.ImageDigest), "text"],
    CPU: [isSize(state.CPU), "a number"],
    Memory: [isSize(state.Memory), "a number"],
    DiskSize: [isSize(state.DiskSize), "a number"],
    UserDataFile: [isText(state.UserDataFile), "text"],
    ShareFolders: [areFolders(state.ShareFolders), "a list of HOSTDIR:GUESTDIR"],
    Network: [isText(state.Network, networks), "user, socket, vmnet or tap:INTERFACE"],
    NetworkAddress: [isText(state.NetworkAddress, /^(\d+(\.\d+){3}\/\d+)?$/), "an address"],
    EnginePort: [isChosenOrNot(state.EnginePort), "a port"],
    SSHPort: [isChosenOrNot(state.SSHPort), "a port"],
    MonitorPort: [isChosenOrNot(state.MonitorPort), "a port"],
    SSHHostKey: [isText(state.SSHHostKey), "text"],
  });
}

export const networks = /^(user|socket|vmnet|tap:[\w.-]{1,15})$/;

function areFolders(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => isText(one, shareFolder));
}

/** `HOSTDIR:GUESTDIR`; a HOSTDIR may hold colons. */
export const shareFolder = /^([^\0]+):(\/[^\0:]*)$/;

/** What is in the machine's directory. */
export function filesOf({ dir }: Pick<Machine, "dir">) {
  return {
    disk: join(dir, "disk.qcow2"),
    /** Until the first boot is over: it holds the machine's private host key. */
    seed: join(dir, "seed.iso"),
    console: join(dir, "console.log"),
    pid: join(dir, "qemu.pid"),
    /** Of arm64: what its firmware keeps. */
    firmware: join(dir, "efi-vars.fd"),
  } as const;
}

/** MAC addresses of the machine's first and second interface: QEMU's own range, and the one beside it. */
export function macsOf({ MachineId }: Pick<QemuState, "MachineId">): readonly [string, string] {
  const own = (MachineId.match(/../g) ?? []).slice(0, 3).join(":");
  return [`52:54:00:${own}`, `52:54:01:${own}`];
}

/** A value within an argument of QEMU's of the form `name=value,...`, where a comma would end it. */
export function escaped(value: string): string {
  return value.replaceAll(",", ",,");
}
