import { mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, closeSync, existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { isAlive } from "./process.js";
import { ownFile } from "./release.js";

type MachineState = "poweroff" | "running" | "paused" | "saved" | "aborted" | "aborted-saved";

export interface Forward {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly hostIp: string;
  readonly hostPort: number;
  readonly guestIp: string;
  readonly guestPort: number;
}

export interface Nic {
  attachment:
    "none" | "null" | "nat" | "bridged" | "intnet" | "hostonly" | "hostonlynetwork" | "generic" | "natnetwork";
  type: string;
  mac: string;
  cable: "on" | "off";
  hostOnlyAdapter: string;
  hostOnlyNet: string;
  bridgeAdapter: string;
  intnet: string;
  natNet: string;
  forwards: Forward[];
}

interface Uart {
  /** `0x3F8` and `4`; empty: off. */
  base: string;
  irq: string;
  /** `disconnected`, or `file,PATH`. */
  mode: string;
}

export interface Attachment {
  port: number;
  device: number;
  type: "hdd" | "dvddrive" | "fdd";
  /** Of the medium; empty: none in the drive. */
  medium: string;
}

export interface Controller {
  name: string;
  bus: "ide" | "sata" | "scsi" | "sas" | "usb" | "pcie" | "virtio" | "floppy";
  type: string;
  ports: number;
  bootable: "on" | "off";
  attachments: Attachment[];
}

interface SharedFolder {
  readonly name: string;
  readonly path: string;
}

export interface Snapshot {
  readonly uuid: string;
  readonly name: string;
  readonly description: string;
  readonly parent: string;
  readonly hardware: Hardware;
  /** Copies of its disks, by the medium's id. */
  readonly disks: Readonly<Record<string, string>>;
  /** Of a VM that was running; empty: it was off. */
  readonly stateFile: string;
}

/** What modifyvm changes and a snapshot keeps. */
export interface Hardware {
  osType: string;
  /** By the names that showvminfo has. */
  settings: Record<string, string>;
  nics: Nic[];
  uarts: Uart[];
  controllers: Controller[];
  sharedFolders: SharedFolder[];
}

/** The process of a VM. */
export interface Run {
  pid: number;
  /** What tells the process from a later one of the same id. */
  started: string;
  /** Where its end is written; a process that was killed writes none, or not 0. */
  exitFile: string;
  /** Socket of QEMU's monitor; of an idle VM the pipe that ends it. */
  qmp: string;
  /** Processes that serve its disks, and end with it. */
  helpers: number[];
  paused: boolean;
  /** Of its removable drives: controller, port and device to QEMU's id. */
  drives: Record<string, string>;
}

export interface Machine {
  uuid: string;
  name: string;
  groups: string;
  platform: "x86" | "ARM";
  settingsFile: string;
  hardware: Hardware;
  state: MachineState;
  /** ISO 8601 */
  stateChanged: string;
  stateFile: string;
  run?: Run;
  extraData: Record<string, string>;
  guestProperties: Record<string, string>;
  snapshots: Snapshot[];
  currentSnapshot: string;
}

export interface Medium {
  readonly uuid: string;
  readonly type: "hdd" | "dvd" | "floppy";
  location: string;
  readonly format: string;
  readonly parent: string;
  description: string;
}

export interface HostOnlyInterface {
  readonly name: string;
  readonly number: number;
  /** Its name on this computer. */
  readonly device: string;
  ip: string;
  mask: string;
  up: boolean;
}

export interface HostOnlyNet {
  uuid: string;
  name: string;
  mask: string;
  lower: string;
  upper: string;
  enabled: boolean;
}

export interface DhcpServer {
  network: string;
  ip: string;
  mask: string;
  lower: string;
  upper: string;
  enabled: boolean;
  /** Address by MAC, or by machine and adapter. */
  fixed: Record<string, string>;
}

export interface State {
  machines: Machine[];
  media: Medium[];
  hostOnly: HostOnlyInterface[];
  hostOnlyNets: HostOnlyNet[];
  dhcp: DhcpServer[];
  extraData: Record<string, string>;
  properties: Record<string, string>;
}

const empty: State = {
  ...{ machines: [], media: [], hostOnly: [], hostOnlyNets: [], dhcp: [], extraData: {} },
  properties: {},
};

export function readState(home: string): State {
  const file = ownFile(home, "state.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as State) : structuredClone(empty);
}

/** Runs one command alone; what it has changed is kept also where it fails, as VirtualBox keeps it. */
export async function withState<T>(home: string, use: (state: State) => Promise<T>): Promise<T> {
  const lock = ownFile(home, "lock");
  mkdirSync(ownFile(home, ""), { recursive: true });
  await take(lock);
  const state = readState(home);
  try {
    return await use(state);
  } finally {
    const file = ownFile(home, "state.json");
    writeFileSync(`${file}.new`, JSON.stringify(state, undefined, 1));
    renameSync(`${file}.new`, file);
    rmSync(lock);
  }
}

async function take(lock: string): Promise<void> {
  for (;;) {
    try {
      const file = openSync(lock, "wx");
      writeFileSync(file, String(process.pid));
      closeSync(file);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    forgetDead(lock);
    await setTimeout(10);
  }
}

/** A call that was killed leaves its lock. */
function forgetDead(lock: string): void {
  try {
    const holder = readFileSync(lock, "utf8");
    if (holder === "" || isAlive(Number(holder))) return;
    const aside = `${lock}.${String(process.pid)}`;
    renameSync(lock, aside);
    rmSync(aside);
  } catch {
    // Another one was faster.
  }
}
