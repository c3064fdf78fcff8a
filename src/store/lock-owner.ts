import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import { hostname } from "node:os";
import { kill, pid as ownPid } from "node:process";
import { isSystemError } from "../driver/index.js";

/**
 * Where a process runs, as far as that decides whether its pid means anything here: two containers with one host name
 * share neither pids nor, at times, the kernel. `x` stands for what this system does not tell.
 */
export interface ProcessPlace {
  readonly host: string;
  /** Of /etc/machine-id, hashed as machine-id(5) asks for. */
  readonly computer: string;
  /** The kernel's present run: the begin of its boot id. */
  readonly boot: string;
  /** Inode of the PID namespace: pid_namespaces(7). */
  readonly namespace: string;
}

/** A process, so that it is not taken for a later one with the same pid: `start` is field 22 of proc_pid_stat(5). */
export interface Owner extends ProcessPlace {
  readonly pid: number;
  readonly start: string;
}

const unknown = "x";

export async function thisProcess(): Promise<Owner> {
  const [machineId, bootId, namespace] = await Promise.all([
    fs.readFile("/etc/machine-id", "latin1").catch(() => ""),
    fs.readFile("/proc/sys/kernel/random/boot_id", "latin1").catch(() => ""),
    fs.readlink("/proc/self/ns/pid").catch(() => ""),
  ]);
  return {
    host: hostname(),
    computer: machineId.trim() === "" ? unknown : createHash("sha256").update(machineId).digest("hex").slice(0, 8),
    boot: bootId.slice(0, 8) || unknown,
    namespace: /\d+/.exec(namespace)?.[0] ?? unknown,
    pid: ownPid,
    start: (await processStat(ownPid))?.start ?? unknown,
  };
}

/** Whether pids of the one are pids of the other. */
export function sharesPids(one: ProcessPlace, other: ProcessPlace): boolean {
  if (one.boot !== other.boot || one.namespace !== other.namespace) return false;
  return one.boot !== unknown || one.host === other.host;
}

/** False also where nothing here can tell. */
export async function isDead(other: Owner, self: ProcessPlace): Promise<boolean> {
  if (!sharesPids(other, self)) return isOfEarlierBoot(other, self) || (await isOfGoneNamespace(other, self));
  if (!exists(other.pid)) return true;
  if (other.start === unknown) return false;
  const stat = await processStat(other.pid);
  return stat !== undefined && (stat.isZombie || stat.start !== other.start);
}

/** Nothing outlives a restart of its computer; computers made from one image may share a host name. */
function isOfEarlierBoot(other: ProcessPlace, self: ProcessPlace): boolean {
  if (other.host !== self.host || other.computer !== self.computer || other.computer === unknown) return false;
  return other.boot !== self.boot;
}

/** Inode of the first PID namespace, in which every process is seen: PROC_PID_INIT_INO of linux/proc_ns.h. */
const firstNamespace = "4026531836";

/** The container that it ran in has ended. */
async function isOfGoneNamespace(other: ProcessPlace, self: ProcessPlace): Promise<boolean> {
  if (other.boot !== self.boot || self.namespace !== firstNamespace) return false;
  try {
    // The first process is in the first namespace, and does not let everybody see that.
    const pids = (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== "1");
    const namespaces = await Promise.all(pids.map(namespaceOf));
    return !namespaces.includes(`pid:[${other.namespace}]`);
  } catch {
    return false;
  }
}

/** Undefined for a process that has ended meanwhile. @throws where its owner is somebody else, who may hide one */
async function namespaceOf(pid: string): Promise<string | undefined> {
  try {
    return await fs.readlink(`/proc/${pid}/ns/pid`);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

function exists(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    return !isSystemError(error, "ESRCH");
  }
}

/** Undefined where there is no /proc, or one of another PID namespace. Field 2 may hold spaces and parentheses. */
async function processStat(pid: number): Promise<{ start: string; isZombie: boolean } | undefined> {
  try {
    if ((await fs.readlink("/proc/self")) !== String(ownPid)) return undefined;
    const stat = await fs.readFile(`/proc/${String(pid)}/stat`, "latin1");
    const [state, ...later] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const start = later[18];
    return start === undefined ? undefined : { start, isZombie: state === "Z" || state === "X" };
  } catch {
    return undefined;
  }
}
