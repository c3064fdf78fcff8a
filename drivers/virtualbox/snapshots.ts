import { readFile } from "node:fs/promises";
import { MachineError, type Snapshot } from "../../src/driver/index.js";
import { parseInfo } from "./parse.js";
import { cutPower, isOn } from "./remove.js";
import { needInfo, startVm } from "./start.js";
import { vmOf, type VBoxMachine, type VBoxChanges } from "./state.js";
import { saidBy } from "./failure.js";
import type { VBoxManage } from "./vboxmanage.js";

/** Those that VirtualBox lists; when each was made, and whether with its memory, stands only in its settings file. */
export async function listSnapshots(vbox: VBoxManage, machine: VBoxMachine): Promise<readonly Snapshot[]> {
  const settings = (await needInfo(vbox, machine)).get("CfgFile") ?? "";
  const listed = await vbox
    .run("snapshot", vmOf(machine.state), "list", "--machinereadable")
    .catch((error: unknown) => {
      // VirtualBox says so with an error's status.
      if (/does not have any snapshots/.test(saidBy(error))) return "";
      throw error;
    });
  const facts = factsIn(await readFile(settings, "utf8").catch(() => ""));
  const info = parseInfo(listed);
  const snapshots = [...info].flatMap(([key, name]): Snapshot[] => {
    const [, path] = /^SnapshotName(.*)$/.exec(key) ?? [];
    if (path === undefined) return [];
    const { at, hasMemory = false } = facts.get(info.get(`SnapshotUUID${path}`) ?? "") ?? {};
    return [{ name, at, hasMemory }];
  });
  return snapshots.sort((one, other) => (one.at ?? 0) - (other.at ?? 0));
}

type SnapshotFacts = Pick<Snapshot, "at" | "hasMemory">;

/** By UUID. */
function factsIn(settings: string): ReadonlyMap<string, SnapshotFacts> {
  const tags = [...settings.matchAll(/<Snapshot\s([^>]*)>/g)].map(([, attributes = ""]) => attributes);
  return new Map(
    tags.map((attributes): [string, SnapshotFacts] => {
      const value = (name: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
      const at = Date.parse(value("timeStamp") ?? "");
      const hasMemory = value("stateFile") !== undefined;
      return [(value("uuid") ?? "").replace(/[{}]/g, ""), { at: Number.isNaN(at) ? undefined : at, hasMemory }];
    }),
  );
}

export async function saveSnapshot(vbox: VBoxManage, machine: VBoxMachine, name: string): Promise<void> {
  if ((await listSnapshots(vbox, machine)).some((one) => one.name === name)) {
    throw new MachineError("exists", `${machine.name} has a snapshot ${name} already`, {
      hint: `choose another name, or remove it: machine snapshot ${machine.name} rm ${name}`,
    });
  }
  await vbox.run("snapshot", vmOf(machine.state), "take", name);
}

export async function restoreSnapshot(vbox: VBoxManage, machine: VBoxMachine, name: string): Promise<VBoxChanges> {
  await needSnapshot(vbox, machine, name);
  const vm = vmOf(machine.state);
  if (isOn(await needInfo(vbox, machine))) await cutPower(vbox, vm);
  await vbox.run("snapshot", vm, "restore", name);
  // One with memory leaves it to be woken up.
  return (await needInfo(vbox, machine)).get("VMState") === "saved" ? startVm(vbox, machine) : {};
}

export async function removeSnapshot(vbox: VBoxManage, machine: VBoxMachine, name: string): Promise<void> {
  await needSnapshot(vbox, machine, name);
  await vbox.run("snapshot", vmOf(machine.state), "delete", name);
}

async function needSnapshot(vbox: VBoxManage, machine: VBoxMachine, name: string): Promise<void> {
  const snapshots = await listSnapshots(vbox, machine);
  if (snapshots.some((one) => one.name === name)) return;
  const there = snapshots.map((one) => one.name).join(", ");
  throw new MachineError("not-found", `${machine.name} has no snapshot ${name}`, {
    hint: there === "" ? `it has none: machine snapshot ${machine.name} save ${name} makes one` : `it has ${there}`,
  });
}
