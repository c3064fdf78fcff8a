import { existsSync } from "node:fs";
import { type Release, programName } from "./release.js";
import { apiError } from "./refusal.js";
import type { Machine, State } from "./state.js";

/** One run of VBoxManage. */
export interface Call {
  readonly home: string;
  readonly release: Release;
  readonly state: State;
  /** Writes to stdout. */
  readonly print: (line: string) => void;
  /** Writes to stderr. */
  readonly complain: (text: string) => void;
  /** Takes one of the faults that the test has ordered, see faults.ts. */
  readonly fault: (kind: string) => boolean;
}

export type Command = (call: Call, args: readonly string[]) => void | Promise<void>;

/** What operations that take time show on stderr. */
export function showProgress(call: Call): void {
  call.complain("0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%\n");
}

export function warn(call: Call, text: string): void {
  call.complain(`${programName(call.release)}: warning: ${text}\n`);
}

const findContext = "FindMachine(Bstr(VMNameOrUuid).raw(), machine.asOutParam())";

/** @throws Refusal where no VM has that name or id */
export function findMachine(call: Call, nameOrUuid: string, context = findContext): Machine {
  const uuid = nameOrUuid.replace(/^\{|\}$/g, "").toLowerCase();
  const found = call.state.machines.find((each) => each.name === nameOrUuid || each.uuid === uuid);
  if (found) return found;
  const message = `Could not find a registered machine ${/^[\da-f-]{36}$/.test(uuid) ? `with UUID {${uuid}}` : `named '${nameOrUuid}'`}`;
  throw apiError(call.release, "NOT_FOUND", message, ["VirtualBox", context]);
}

/** Its settings file may have been deleted or lie on a disk that is gone. */
export function isAccessible(machine: Machine): boolean {
  return existsSync(machine.settingsFile);
}

export function isOnline(machine: Machine): boolean {
  return machine.state === "running" || machine.state === "paused";
}

/** @throws Refusal where a process has the VM, as only one session may change it */
export function lockForWriting(call: Call, machine: Machine): void {
  if (isOnline(machine) || call.fault("locked")) {
    const message = `The machine '${machine.name}' is already locked for a session (or being unlocked)`;
    throw apiError(call.release, "INVALID_OBJECT_STATE", message, [
      "Machine",
      "LockMachine(a->session, LockType_Write)",
    ]);
  }
}

export function setState(machine: Machine, state: Machine["state"]): void {
  machine.state = state;
  machine.stateChanged = new Date().toISOString();
}
