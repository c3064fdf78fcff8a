import { existsSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Call, type Command, findMachine, lockForWriting, warn } from "../call.js";
import { type Given, readLine } from "../getopt.js";
import { newMac, osTypesOf } from "../hardware.js";
import { isForX86, modifyOptions } from "../modify-options.js";
import { addForward, removeForward } from "../forwards.js";
import {
  type Refusal,
  apiError,
  argumentError,
  isRefusal,
  notImplemented,
  plainError,
  syntaxError,
} from "../refusal.js";
import { atLeast, programName } from "../release.js";
import { writeSettings } from "../settings-file.js";
import type { Machine, Nic } from "../state.js";

/** All or nothing: a wrong option leaves the VM as it was, since it is saved only at the end. */
export const modifyVm: Command = (call, [name, ...args]) => {
  if (name === undefined || args.length === 0) throw syntaxError("Not enough parameters");
  const machine = findMachine(call, name, "FindMachine(Bstr(a->argv[0]).raw(), machine.asOutParam())");
  lockForWriting(call, machine);
  const changed = structuredClone(machine);
  try {
    const { options } = readLine(modifyOptions(call.release), args, 0);
    for (const given of options) apply(call, changed, given);
  } catch (error) {
    throw isRefusal(error) ? withFailure(error) : error;
  }
  Object.assign(machine, changed);
  writeSettings(call, machine);
};

/** Its session is closed before it ends, so it ends with 1 where others end with 2; but for a rule that cannot be read. */
function withFailure(error: Refusal): Refusal {
  const exitCode = error.exitCode === 2 && !error.message.startsWith("Missing or invalid") ? 1 : error.exitCode;
  return Object.assign(error, { exitCode });
}

function apply(call: Call, machine: Machine, given: Given): void {
  if (machine.platform === "ARM" && isForX86(given.id)) {
    throw plainError(`Invalid parameter '--${given.id}': the option is not supported for the ARM platform`);
  }
  if (isSaved(machine) && !allowedWhenSaved.includes(given.id)) throw notMutable(call, machine);
  const special = specials[given.id];
  if (special) special(call, machine, given);
  else if (isOfNic(given.id)) changeNic(call, machine, given);
  else machine.hardware.settings[given.id] = given.value;
}

/** A saved VM may still be connected elsewhere. */
const allowedWhenSaved: readonly string[] = [
  "nic",
  "natpf",
  "hostonlyadapter",
  "hostonlynet",
  "bridgeadapter",
  "cableconnected",
  "description",
  "defaultfrontend",
];

function isSaved(machine: Machine): boolean {
  return machine.state === "saved" || machine.state === "aborted-saved";
}

function notMutable(call: Call, machine: Machine): Error {
  const state = machine.state === "saved" ? "Saved" : "AbortedSaved";
  const message = `The machine is not mutable (state is ${state})`;
  return apiError(call.release, "INVALID_VM_STATE", message, ["SessionMachine", "COMSETTER(...)"]);
}

type Change = (call: Call, machine: Machine, given: Given) => void;

const specials: Readonly<Record<string, Change>> = {
  name: rename,
  memory: (call, machine, { value }) => {
    within(call, Number(value), [4, 2097152], "RAM size", " MB");
    machine.hardware.settings["memory"] = value;
  },
  cpus: (call, machine, { value }) => {
    within(call, Number(value), [1, 64], "virtual CPU count");
    machine.hardware.settings["cpus"] = value;
  },
  ostype: (call, machine, { value }) => {
    if (!osTypesOf(call.release).some(([id]) => id === value)) {
      throw apiError(call.release, "NOT_FOUND", `Guest OS type '${value}' is invalid`, [
        "VirtualBox",
        "COMSETTER(OSTypeId)(Bstr(ValueUnion.psz).raw())",
      ]);
    }
    machine.hardware.osType = value;
  },
  firmware: (_call, machine, { value }) => {
    oneOf(value, ["bios", "efi", "efi32", "efi64", "efidual"], `Invalid --firmware argument '${value}'`);
    machine.hardware.settings["firmware"] = value.toUpperCase();
  },
  chipset: (call, machine, { value }) => {
    const known = ["piix3", "ich9", ...(atLeast(call.release, "7.1") ? ["armv8virtual"] : [])];
    oneOf(value, known, `Invalid --chipset argument '${value}'`);
    machine.hardware.settings["chipset"] = value.toLowerCase();
  },
  graphicscontroller: (call, machine, { value }) => {
    const known = ["none", "vboxvga", "vmsvga", "vboxsvga", ...(atLeast(call.release, "7.1") ? ["qemuramfb"] : [])];
    oneOf(value, known, `Invalid --graphicscontroller argument '${value}'`);
    machine.hardware.settings["graphicscontroller"] = value.toLowerCase();
  },
  biosbootmenu: (_call, machine, { value }) => {
    oneOf(value, ["disabled", "menuonly", "messageandmenu"], `Invalid --biosbootmenu argument '${value}'`);
    machine.hardware.settings["bootmenu"] = value.toLowerCase();
  },
  boot: (_call, machine, { value, index }) => {
    if (index < 1 || index > 4) throw argumentError(`Invalid boot slot number ${String(index)}`);
    oneOf(value, ["none", "floppy", "dvd", "disk", "net"], `Invalid boot device '${value}'`);
    machine.hardware.settings[`boot${String(index)}`] = value.toLowerCase();
  },
  audio: (call, machine, { value }) => {
    if (atLeast(call.release, "7.0.6")) {
      warn(call, "--audio is deprecated and will be removed soon. Use --audio-driver instead!");
    }
    machine.hardware.settings["audio"] = value;
  },
  iommu: (_call, machine, { value }) => {
    oneOf(value, ["none", "automatic", "amd", "intel"], `Invalid --iommu argument '${value}'`);
    machine.hardware.settings["iommu"] = value;
  },
  uart: changeUart,
  uartmode: (_call, machine, { value, index, further }) => {
    uartOf(machine, index).mode = [value.toLowerCase(), ...further].join(",");
  },
  uarttype: (_call, machine, { value, index }) => {
    oneOf(value, ["16450", "16550A", "16750"], `Invalid argument to '--uart-type'`);
    machine.hardware.settings[`uarttype${String(index)}`] = value;
  },
  usbohci: (_call, machine, { value }) => void (machine.hardware.settings["usb"] = value),
  usbehci: (_call, machine, { value }) => void (machine.hardware.settings["ehci"] = value),
  usbxhci: (_call, machine, { value }) => void (machine.hardware.settings["xhci"] = value),
  mouse: (_call, machine, { value }) => void (machine.hardware.settings["hidpointing"] = mice[value] ?? value),
};

const mice: Readonly<Record<string, string>> = { ps2: "ps2mouse", usb: "usbmouse", usbtablet: "usbtablet" };

function within(call: Call, value: number, [low, high]: readonly [number, number], what: string, unit = ""): void {
  if (value >= low && value <= high) return;
  const range = `(must be in range [${String(low)}, ${String(high)}]${unit})`;
  const message = `Invalid ${what}: ${String(value)}${unit} ${range}`;
  throw apiError(call.release, "INVALIDARG", message, ["SessionMachine", "COMSETTER(...)(ValueUnion.u32)"]);
}

function oneOf(value: string, known: readonly string[], message: string): void {
  if (!known.some((each) => each.toLowerCase() === value.toLowerCase())) throw argumentError(message);
}

/** The folder and the settings file go with the name, where they have it. */
function rename(call: Call, machine: Machine, { value }: Given): void {
  if (value === machine.name) return;
  const folder = dirname(machine.settingsFile);
  const moved = basename(folder) === machine.name ? join(dirname(folder), value) : folder;
  if (existsSync(join(moved, `${value}.vbox`)) || (moved !== folder && existsSync(moved))) {
    const message = `Could not rename the directory '${folder}' to '${moved}' to save the settings file (VERR_ALREADY_EXISTS)`;
    throw apiError(call.release, "FILE_ERROR", message, ["SessionMachine", "SaveSettings()"]);
  }
  if (moved !== folder) renameSync(folder, moved);
  rmSync(join(moved, basename(machine.settingsFile)), { force: true });
  for (const medium of call.state.media) {
    if (medium.location.startsWith(`${folder}/`)) medium.location = join(moved, medium.location.slice(folder.length));
  }
  machine.name = value;
  machine.settingsFile = join(moved, `${value}.vbox`);
}

function uartOf(machine: Machine, index: number): Machine["hardware"]["uarts"][number] {
  const uart = machine.hardware.uarts[index - 1];
  if (!uart) throw argumentError(`Invalid UART number ${String(index)}`);
  return uart;
}

function changeUart(_call: Call, machine: Machine, { value, index, further }: Given): void {
  const uart = uartOf(machine, index);
  const [irq = ""] = further;
  if (/^off$/i.test(value)) Object.assign(uart, { base: "", irq: "" });
  else if (!/^0x[\da-f]+$/i.test(value) || !/^\d+$/.test(irq))
    throw argumentError(`Error parsing UART I/O base '${value}'`);
  else Object.assign(uart, { base: `0x${Number(value).toString(16).padStart(4, "0")}`, irq });
}

function isOfNic(id: string): boolean {
  return id in nicChanges || /^(nic|nat)/.test(id);
}

/** VBoxManage says that a number is wrong, and succeeds. */
function changeNic(call: Call, machine: Machine, given: Given): void {
  const nic = machine.hardware.nics[given.index - 1];
  if (!nic) {
    call.complain(`${programName(call.release)}: error: Invalid NIC number ${String(given.index)}\n`);
    return;
  }
  const change = nicChanges[given.id];
  if (change) change(call, nic, given);
  else machine.hardware.settings[`${given.id}${String(given.index)}`] = given.value;
}

const nicTypes = ["Am79C970A", "Am79C973", "Am79C960", "82540EM", "82543GC", "82545EM", "virtio"];

const nicChanges: Readonly<Record<string, (call: Call, nic: Nic, given: Given) => void>> = {
  nic: attach,
  nictype: (_call, nic, { value, index }) => {
    const type = nicTypes.find((each) => each.toLowerCase() === value.toLowerCase());
    if (type === undefined) throw argumentError(`Invalid NIC type '${value}' specified for NIC ${String(index)}`);
    nic.type = type;
  },
  nicpromisc: (_call, _nic, { value }) => {
    oneOf(value, ["deny", "allow-vms", "allow-all"], `Unknown promiscuous mode policy '${value}'`);
  },
  macaddress: (call, nic, { value }) => {
    if (!/^(auto|[\da-f]{12})$/i.test(value) || /^.[13579bdf]/i.test(value)) {
      const message = /^[\da-f]{12}$/i.test(value)
        ? "Cannot generate a random MAC: the address is not unicast"
        : "Invalid MAC address format";
      throw apiError(call.release, "INVALIDARG", message, [
        "Machine",
        "COMSETTER(MACAddress)(Bstr(ValueUnion.psz).raw())",
      ]);
    }
    nic.mac = /^auto$/i.test(value) ? newMac() : value.toUpperCase();
  },
  cableconnected: (_call, nic, { value }) => void (nic.cable = value === "on" ? "on" : "off"),
  hostonlyadapter: (call, nic, { value }) => {
    nic.hostOnlyAdapter = orNone(value);
    if (nic.hostOnlyAdapter !== "" && !call.state.hostOnly.some((each) => each.name === value)) {
      warn(call, `Interface "${value}" doesn't seem to exist`);
    }
  },
  hostonlynet: (_call, nic, { value }) => void (nic.hostOnlyNet = orNone(value)),
  bridgeadapter: (_call, nic, { value }) => void (nic.bridgeAdapter = orNone(value)),
  intnet: (_call, nic, { value }) => void (nic.intnet = value),
  natnet: (_call, nic, { value }) => void (nic.natNet = value === "default" ? "" : value),
  natpf: (call, nic, { value, index, further }) => {
    if (value === "delete") removeForward(call, nic, further[0] ?? "");
    else addForward(call, nic, value, { option: "--natpf", index });
  },
};

function orNone(value: string): string {
  return /^none$/i.test(value) ? "" : value;
}

function attach(call: Call, nic: Nic, { value, index }: Given): void {
  const attachments: readonly Nic["attachment"][] = [
    "none",
    "null",
    "nat",
    "bridged",
    "intnet",
    "hostonly",
    "generic",
    "natnetwork",
  ];
  const isNet = /^hostonlynet$/i.test(value) && call.release.system === "darwin" && atLeast(call.release, "7.0");
  const attachment = isNet ? "hostonlynetwork" : attachments.find((each) => each === value.toLowerCase());
  if (attachment === undefined) throw argumentError(`Invalid type '${value}' specfied for NIC ${String(index)}`);
  if (attachment === "natnetwork") throw notImplemented("--nic natnetwork");
  nic.attachment = attachment;
}
