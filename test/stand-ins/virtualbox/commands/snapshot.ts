import { randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Call, type Command, findMachine, lockForWriting, setState, showProgress } from "../call.js";
import { has, option, readLine, valueOf } from "../getopt.js";
import { mediumOf } from "../media.js";
import { tell, writeState } from "../power/control.js";
import { apiError, notImplemented, plainError, syntaxError } from "../refusal.js";
import { writeSettings } from "../settings-file.js";
import type { Machine, Snapshot } from "../state.js";

/** VirtualBox has difference images where the stand-in copies the disks. */
export const snapshot: Command = async (call, [name, action, ...args]) => {
  if (name === undefined || action === undefined) throw syntaxError("Not enough parameters");
  const machine = findMachine(call, name, "FindMachine(Bstr(a->argv[0]).raw(), machine.asOutParam())");
  const actions: Readonly<Record<string, () => void | Promise<void>>> = {
    take: () => take(call, machine, args),
    delete: () => {
      remove(call, machine, oneName(args));
    },
    restore: () => {
      restore(call, machine, find(call, machine, oneName(args)));
    },
    restorecurrent: () => {
      restore(call, machine, find(call, machine, machine.currentSnapshot));
    },
    list: () => {
      list(call, machine, args);
    },
  };
  const run = actions[action];
  if (!run && ["edit", "showvminfo"].includes(action)) throw notImplemented(`snapshot ${action}`);
  if (!run) throw syntaxError(`Invalid parameter '${action}'`);
  await run();
};

async function take(call: Call, machine: Machine, args: readonly string[]): Promise<void> {
  const line = readLine(
    [option("description"), option("live", "flag"), option("pause", "flag"), option("uniquename")],
    args,
    1,
  );
  const [name] = line.words;
  if (name === undefined) throw syntaxError("Missing snapshot name");
  if (has(line, "uniquename")) throw notImplemented("snapshot take --uniquename");
  const uuid = randomUUID();
  const folder = join(dirname(machine.settingsFile), "Snapshots");
  mkdirSync(folder, { recursive: true });
  const stateFile = machine.run || machine.stateFile !== "" ? join(folder, `{${uuid}}.sav`) : "";
  if (machine.run) await writeState(call, machine.run, stateFile);
  else if (stateFile !== "") copyFileSync(machine.stateFile, stateFile);
  const taken: Snapshot = {
    ...{ uuid, name, description: valueOf(line, "description") ?? "", parent: machine.currentSnapshot, stateFile },
    hardware: structuredClone(machine.hardware),
    disks: copyDisks(call, machine, join(folder, `{${uuid}}`)),
  };
  if (machine.run && machine.state === "running") await tell(call, machine.run, { execute: "cont" });
  machine.snapshots.push(taken);
  machine.currentSnapshot = uuid;
  writeSettings(call, machine);
  showProgress(call);
  call.print(`Snapshot taken. UUID: ${uuid}`);
}

function copyDisks(call: Call, machine: Machine, prefix: string): Record<string, string> {
  const disks = machine.hardware.controllers.flatMap((each) => each.attachments).filter((each) => each.type === "hdd");
  const copies = disks.map((disk) => {
    const medium = mediumOf(call, disk);
    const copy = `${prefix}-${basename(medium?.location ?? "")}`;
    if (medium) copyFileSync(medium.location, copy);
    return [disk.medium, copy] as const;
  });
  return Object.fromEntries(copies);
}

function oneName(args: readonly string[]): string {
  const [name] = readLine([], args, 1).words;
  if (name === undefined) throw syntaxError("Expecting snapshot name only");
  return name;
}

function find(call: Call, machine: Machine, nameOrUuid: string): Snapshot {
  const found = machine.snapshots.find((each) => each.name === nameOrUuid || each.uuid === nameOrUuid);
  if (found) return found;
  const message =
    machine.snapshots.length === 0
      ? "This machine does not have any snapshots"
      : `Could not find a snapshot named '${nameOrUuid}'`;
  throw apiError(call.release, "NOT_FOUND", message, [
    "SessionMachine",
    "FindSnapshot(Bstr(pcszSnapshot).raw(), pSnapshot.asOutParam())",
  ]);
}

function restore(call: Call, machine: Machine, to: Snapshot): void {
  lockForWriting(call, machine);
  for (const [uuid, copy] of Object.entries(to.disks)) {
    const medium = call.state.media.find((each) => each.uuid === uuid);
    if (medium) copyFileSync(copy, medium.location);
  }
  machine.hardware = structuredClone(to.hardware);
  machine.currentSnapshot = to.uuid;
  if (machine.stateFile !== "") rmSync(machine.stateFile, { force: true });
  machine.stateFile = to.stateFile === "" ? "" : `${to.stateFile}.restored`;
  if (to.stateFile !== "") copyFileSync(to.stateFile, machine.stateFile);
  setState(machine, to.stateFile === "" ? "poweroff" : "saved");
  writeSettings(call, machine);
  call.print(`Restoring snapshot '${to.name}' (${to.uuid})`);
  showProgress(call);
}

function remove(call: Call, machine: Machine, name: string): void {
  const found = find(call, machine, name);
  call.print(`Deleting snapshot '${found.name}' (${found.uuid})`);
  for (const file of [found.stateFile, ...Object.values(found.disks)]) rmSync(file, { force: true });
  machine.snapshots = machine.snapshots
    .filter((each) => each !== found)
    .map((each) => (each.parent === found.uuid ? { ...each, parent: found.parent } : each));
  if (machine.currentSnapshot === found.uuid) machine.currentSnapshot = found.parent;
  writeSettings(call, machine);
  showProgress(call);
}

function list(call: Call, machine: Machine, args: readonly string[]): void {
  const line = readLine([option("details", "flag", "-D"), option("machinereadable", "flag", "-M")], args, 0);
  if (machine.snapshots.length === 0) {
    call.print("This machine does not have any snapshots");
    throw Object.assign(plainError(), { exitCode: 1 });
  }
  const text = (key: string, value: string): void => {
    call.print(`${key}="${value}"`);
  };
  if (has(line, "machinereadable")) {
    printSnapshots(machine, text);
    return;
  }
  walk(machine, (each, place) => {
    const current = each.uuid === machine.currentSnapshot ? " *" : "";
    call.print(`${"   ".repeat(place.length + 1)}Name: ${each.name} (UUID: ${each.uuid})${current}`);
  });
}

/** As showvminfo and `snapshot list --machinereadable` have them. */
export function printSnapshots(machine: Machine, text: (key: string, value: string) => void): void {
  walk(machine, (each, place) => {
    const tail = place.map((number) => `-${String(number)}`).join("");
    text(`SnapshotName${tail}`, each.name);
    text(`SnapshotUUID${tail}`, each.uuid);
    if (each.description !== "") text(`SnapshotDescription${tail}`, each.description);
  });
  const current = machine.snapshots.find((each) => each.uuid === machine.currentSnapshot);
  if (!current) return;
  text("CurrentSnapshotName", current.name);
  text("CurrentSnapshotUUID", current.uuid);
}

/** Children after their parent; the place is the number of a child at each depth. */
function walk(machine: Machine, visit: (each: Snapshot, place: readonly number[]) => void): void {
  const from = (parent: string, place: readonly number[]): void => {
    for (const [number, each] of machine.snapshots.filter((one) => one.parent === parent).entries()) {
      const here = parent === "" ? [] : [...place, number + 1];
      visit(each, here);
      from(each.uuid, here);
    }
  };
  from("", []);
}
