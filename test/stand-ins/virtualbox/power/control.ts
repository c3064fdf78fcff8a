import { closeSync, constants, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Call, type Command, findMachine, isOnline, lockForWriting, setState, showProgress } from "../call.js";
import { addForward, removeForward } from "../forwards.js";
import { isAlive, until } from "../process.js";
import { apiError, notImplemented, plainError, syntaxError } from "../refusal.js";
import { atLeast } from "../release.js";
import { writeSettings } from "../settings-file.js";
import type { Machine, Nic, Run } from "../state.js";
import { ended } from "./observe.js";
import { forwardText } from "./qemu.js";
import { type MonitorCommand, monitor } from "./qmp.js";

/** Further words behind one that takes none are not looked at. */
export const controlVm: Command = async (call, [name, action, ...args]) => {
  if (name === undefined || action === undefined)
    throw syntaxError(`Not enough parameters${atLeast(call.release, "7.0") ? "." : ""}`);
  const machine = findMachine(call, name, "FindMachine(Bstr(a->argv[0]).raw(), machine.asOutParam())");
  const { run } = machine;
  if (!isOnline(machine) || !run) {
    throw plainError(`Machine '${name}' is not currently running${atLeast(call.release, "7.0") ? "." : ""}`);
  }
  if (call.fault("locked")) lockForWriting(call, machine);
  const plain = actions[action];
  if (plain) return plain(call, machine, run);
  const [, word = "", digits = ""] = /^(natpf|nat-pf|setlinkstate)(\d)$/.exec(action) ?? [];
  if (word !== "") return changeNic(call, machine, { word, number: Number(digits), args, run });
  if (known.test(action)) throw notImplemented(`controlvm ${action}`);
  throw Object.assign(syntaxError(`Invalid parameter '${action}'${atLeast(call.release, "7.0") ? "." : ""}`), {
    exitCode: 1,
  });
};

const known =
  /^(unplugcpu|plugcpu|cpuexecutioncap|audioin|audioout|clipboard|draganddrop|acpisleepbutton|reboot|shutdown|keyboard\w+|nic\w*|usb\w+|set\w+|vrde\w*|screenshotpng|recording|guestmemoryballoon|teleport|addencpassword|removeallencpasswords|changeuartmode\d|autostart\w*|webcam|vm-process-priority)/;

const actions: Readonly<Record<string, (call: Call, machine: Machine, run: Run) => Promise<void>>> = {
  pause,
  resume,
  reset: (call, _machine, run) => tell(call, run, { execute: "system_reset" }),
  poweroff: powerOff,
  savestate: saveState,
  acpipowerbutton: pressButton,
};

/** An idle VM has no monitor, and nothing to be told. */
export async function tell(call: Call, run: Run, ...commands: readonly MonitorCommand[]): Promise<void> {
  if (call.release.guest === "qemu") await monitor(run.qmp, ...commands);
}

function invalidState(call: Call, machine: Machine, context: string): Error {
  const state = machine.state === "paused" ? "Paused" : "Running";
  return apiError(call.release, "INVALID_VM_STATE", `Invalid machine state: ${state}`, ["Console", context]);
}

async function pause(call: Call, machine: Machine, run: Run): Promise<void> {
  if (machine.state === "paused") throw invalidState(call, machine, "Pause()");
  await tell(call, run, { execute: "stop" });
  run.paused = true;
  setState(machine, "paused");
}

async function resume(call: Call, machine: Machine, run: Run): Promise<void> {
  if (machine.state !== "paused") {
    const message = "Cannot resume the machine as it is not paused (machine state: Running)";
    throw apiError(call.release, "INVALID_VM_STATE", message, ["Console", "Resume()"]);
  }
  await tell(call, run, { execute: "cont" });
  run.paused = false;
  setState(machine, "running");
}

async function pressButton(call: Call, machine: Machine, run: Run): Promise<void> {
  if (machine.state !== "running") throw invalidState(call, machine, "PowerButton()");
  if (call.fault("button-ignored")) return;
  if (call.release.guest === "idle") endIdle(run);
  else await monitor(run.qmp, { execute: "system_powerdown" });
}

function endIdle(run: Run): void {
  const pipe = openSync(run.qmp, constants.O_WRONLY | constants.O_NONBLOCK);
  writeSync(pipe, "\n");
  closeSync(pipe);
}

async function powerOff(call: Call, machine: Machine, run: Run): Promise<void> {
  await quit(call, run);
  await ended(machine);
  setState(machine, "poweroff");
  writeSettings(call, machine);
  showProgress(call);
}

async function quit(call: Call, run: Run): Promise<void> {
  if (call.release.guest === "idle") endIdle(run);
  else await monitor(run.qmp, { execute: "quit" });
  if (await until(() => !isAlive(run.pid), 10_000)) return;
  process.kill(run.pid, "SIGKILL");
}

async function saveState(call: Call, machine: Machine, run: Run): Promise<void> {
  const folder = join(dirname(machine.settingsFile), "Snapshots");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${new Date().toISOString().replace(/[:.]/g, "-")}.sav`);
  await writeState(call, run, file);
  await quit(call, run);
  await ended(machine);
  machine.stateFile = file;
  setState(machine, "saved");
  writeSettings(call, machine);
  showProgress(call);
}

/** Stops a VM and writes its memory and devices; its disks are written out then. */
export async function writeState(call: Call, run: Run, file: string): Promise<void> {
  await tell(call, run, { execute: "stop" });
  if (call.release.guest === "qemu") await migrate(run, file);
  else closeSync(openSync(file, "w"));
}

async function migrate(run: Run, file: string): Promise<void> {
  const bandwidth = { execute: "migrate-set-parameters", arguments: { "max-bandwidth": 2 ** 40 } };
  await monitor(run.qmp, bandwidth, { execute: "migrate", arguments: { uri: `exec:cat >'${file}'` } });
  for (;;) {
    const { status } = (await monitor(run.qmp, { execute: "query-migrate" })) as { status: string };
    if (status === "completed") return;
    if (status === "failed") throw new Error("QEMU could not save the state");
    await setTimeout(50);
  }
}

interface NicChange {
  readonly word: string;
  readonly number: number;
  readonly args: readonly string[];
  readonly run: Run;
}

async function changeNic(call: Call, machine: Machine, { word, number, args, run }: NicChange): Promise<void> {
  const nic = machine.hardware.nics[number - 1];
  const [value, name] = args;
  if (!nic || value === undefined) throw syntaxError(`Missing argument to '${word}${String(number)}'`);
  if (word === "setlinkstate") await setLink(call, nic, value, { number, run });
  else if (value === "delete") await unforward(call, nic, name, { number, run });
  else await forward(call, nic, value, { number, run });
  writeSettings(call, machine);
}

interface Where {
  readonly number: number;
  readonly run: Run;
}

async function setLink(call: Call, nic: Nic, value: string, { number, run }: Where): Promise<void> {
  if (value !== "on" && value !== "off") throw plainError(`Invalid link state '${value}'`);
  await tell(call, run, { execute: "set_link", arguments: { name: `nic${String(number)}`, up: value === "on" } });
  nic.cable = value;
}

async function forward(call: Call, nic: Nic, rule: string, { number, run }: Where): Promise<void> {
  const added = addForward(call, nic, rule, { option: "natpf", index: number });
  if (call.release.guest === "idle") return;
  await human(run, `hostfwd_add n${String(number)} ${forwardText(added)}`);
}

async function unforward(call: Call, nic: Nic, name: string | undefined, { number, run }: Where): Promise<void> {
  if (name === undefined) throw syntaxError("Missing argument to 'natpf delete'");
  const removed = removeForward(call, nic, name);
  if (call.release.guest === "idle") return;
  await human(run, `hostfwd_remove n${String(number)} ${forwardText(removed).split("-")[0] ?? ""}`);
}

async function human(run: Run, line: string): Promise<void> {
  await monitor(run.qmp, { execute: "human-monitor-command", arguments: { "command-line": line } });
}

export const discardState: Command = (call, args) => {
  const [name, ...more] = args;
  if (name === undefined || more.length > 0) throw syntaxError("Incorrect number of parameters");
  const machine = findMachine(call, name, "FindMachine(Bstr(a->argv[0]).raw(), machine.asOutParam())");
  lockForWriting(call, machine);
  if (machine.state !== "saved" && machine.state !== "aborted-saved") {
    const state = machine.state === "poweroff" ? "PoweredOff" : "Aborted";
    const message = `Cannot discard the saved state as the machine is not in the Saved or AbortedSaved state (machine state: ${state})`;
    throw apiError(call.release, "INVALID_VM_STATE", message, ["SessionMachine", "DiscardSavedState(true)"]);
  }
  machine.stateFile = "";
  setState(machine, machine.state === "saved" ? "poweroff" : "aborted");
  writeSettings(call, machine);
};
