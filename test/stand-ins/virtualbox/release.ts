import { join } from "node:path";

export type Version = keyof typeof revisions;
type System = "linux" | "darwin" | "windows";

/** Which VirtualBox is stood in for, and how. */
export interface Release {
  readonly version: Version;
  readonly system: System;
  readonly architecture: "x86" | "arm";
  /** `qemu`: VMs boot, networks are real (root). `idle`: a VM is a process that does nothing, networks are only told of. */
  readonly guest: "qemu" | "idle";
}

const revisions = {
  "6.1.26": 145957,
  "6.1.50": 161033,
  "7.0.0": 153978,
  "7.0.20": 163906,
  "7.1.6": 167084,
  "7.2.4": 170995,
};

export const versions = Object.keys(revisions) as readonly Version[];

/** `7.0.20r163906` */
export function fullVersion(release: Release): string {
  return `${release.version}r${String(revisions[release.version])}`;
}

/** Whether it is that version or a later one: `atLeast(release, "6.1.28")`. */
export function atLeast(release: Release, version: string): boolean {
  const [ours, theirs] = [release.version, version].map((each) => each.split(".").map(Number));
  for (const [place, number] of (theirs ?? []).entries()) {
    const difference = (ours?.[place] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Apple took the kernel extensions away, so host-only adapters became networks of the system's own. */
export function hasHostOnlyNets(release: Release): boolean {
  return release.system === "darwin" && atLeast(release, "7.0");
}

/** The name by which the program calls itself in its messages. */
export function programName(release: Release): string {
  return release.system === "windows" ? "VBoxManage.exe" : "VBoxManage";
}

/** The stand-in's own files below VBOX_USER_HOME. */
export function ownFile(home: string, name: string): string {
  return join(home, "stand-in", name);
}
