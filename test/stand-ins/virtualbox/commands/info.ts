import { dirname, join } from "node:path";
import { type Call, type Command, findMachine, isAccessible } from "../call.js";
import { has, option, readLine } from "../getopt.js";
import { osTypes } from "../hardware.js";
import { mediumOf } from "../media.js";
import { notImplemented, syntaxError } from "../refusal.js";
import { atLeast } from "../release.js";
import type { Attachment, Controller, Machine, Nic } from "../state.js";
import { devicesOf, maxPortsOf } from "./storage.js";
import { printSnapshots } from "./snapshot.js";

export const showVmInfo: Command = (call, args) => {
  const table = [
    option("machinereadable", "flag", "-M"),
    option("details", "flag"),
    option("log", "uint", "-l"),
    option("password-id"),
    option("password"),
  ];
  const line = readLine(table, args, 1);
  const [name] = line.words;
  if (name === undefined) throw syntaxError("VM name or UUID required");
  if (has(line, "log")) throw notImplemented("showvminfo --log");
  const machine = findMachine(call, name, "FindMachine(Bstr(VMNameOrUuid).raw(), machine.asOutParam())");
  if (has(line, "machinereadable")) printMachineReadable(call, machine);
  else printHuman(call, machine);
};

function printMachineReadable(call: Call, machine: Machine): void {
  const { print } = call;
  if (!isAccessible(machine)) {
    print('name="<inaccessible>"');
    print(`UUID="${machine.uuid}"`);
    return;
  }
  const text = (key: string, value: string): void => {
    print(`${/^[\w-]+$/.test(key) ? key : `"${key}"`}="${value.replace(/[\\"]/g, "\\$&")}"`);
  };
  for (const [key, value] of heading(call, machine)) text(key, value);
  for (const key of settingKeys(call, machine)) {
    const value = machine.hardware.settings[key] ?? "";
    if (numeric.has(key)) print(`${key}=${value}`);
    else text(key, value);
  }
  printState(machine, print, text);
  for (const key of afterState) {
    const value = machine.hardware.settings[key] ?? "off";
    if (numeric.has(key)) print(`${key}=${value}`);
    else text(key, value);
  }
  printStorage(call, machine, text);
  for (const [place, nic] of machine.hardware.nics.entries()) printNic(call, nic, place + 1, text);
  printPorts(call, machine, text);
  for (const [place, folder] of machine.hardware.sharedFolders.entries()) {
    text(`SharedFolderNameMachineMapping${String(place + 1)}`, folder.name);
    text(`SharedFolderPathMachineMapping${String(place + 1)}`, folder.path);
  }
  print("GuestMemoryBalloon=0");
  printSnapshots(machine, text);
}

const numeric = new Set([
  "memory",
  "vram",
  "cpuexecutioncap",
  "cpus",
  "cpuid-portability-level",
  "biossystemtimeoffset",
  "monitorcount",
]);

function heading(call: Call, machine: Machine): readonly (readonly [string, string])[] {
  const folder = dirname(machine.settingsFile);
  return [
    ["name", machine.name],
    ...(atLeast(call.release, "7.0") ? [["encryption", "disabled"] as const] : []),
    ["groups", machine.groups],
    ...(atLeast(call.release, "7.1") ? [["platformArchitecture", machine.platform] as const] : []),
    ["ostype", osTypes.find(([id]) => id === machine.hardware.osType)?.[1] ?? machine.hardware.osType],
    ...([
      ["UUID", machine.uuid],
      ["CfgFile", machine.settingsFile],
    ] as const),
    ...([
      ["SnapFldr", join(folder, "Snapshots")],
      ["LogFldr", join(folder, "Logs")],
      ["hardwareuuid", machine.uuid],
    ] as const),
  ];
}

const x86Keys = ["pae", "longmode", "triplefaultreset", "apic", "x2apic", "nested-hw-virt"];
const virtualizationKeys = ["hwvirtex", "nestedpaging", "largepages", "vtxvpid", "vtxux"];

function settingKeys(call: Call, machine: Machine): readonly string[] {
  const isPc = machine.platform === "x86";
  return [
    ...["memory", "pagefusion", "vram", "cpuexecutioncap", ...(isPc && !atLeast(call.release, "7.1") ? ["hpet"] : [])],
    ...["cpu-profile", "chipset", "firmware", "cpus", ...(isPc && atLeast(call.release, "7.1") ? ["hpet"] : [])],
    ...(isPc ? x86Keys : []),
    ...["cpuid-portability-level", "bootmenu", "boot1", "boot2", "boot3", "boot4", "acpi", "ioapic", "biosapic"],
    ...[
      "biossystemtimeoffset",
      "rtcuseutc",
      ...(isPc ? virtualizationKeys : []),
      "paravirtprovider",
      "effparavirtprovider",
    ],
  ];
}

const afterState = [
  "graphicscontroller",
  "monitorcount",
  "accelerate3d",
  "teleporterenabled",
  "tracing-enabled",
  "autostart-enabled",
];

type Text = (key: string, value: string) => void;

function printState(machine: Machine, print: Call["print"], text: Text): void {
  text("VMState", machine.state);
  print(`VMStateChangeTime="${machine.stateChanged.replace("Z", "000000")}"`);
  if (machine.stateFile !== "") text("VMStateFile", machine.stateFile);
}

function printStorage(call: Call, machine: Machine, text: Text): void {
  for (const [place, controller] of machine.hardware.controllers.entries()) {
    const number = String(place);
    text(`storagecontrollername${number}`, controller.name);
    text(`storagecontrollertype${number}`, controller.type);
    text(`storagecontrollerinstance${number}`, "0");
    text(`storagecontrollermaxportcount${number}`, String(maxPortsOf(controller)));
    text(`storagecontrollerportcount${number}`, String(controller.ports));
    text(`storagecontrollerbootable${number}`, controller.bootable);
  }
  for (const controller of machine.hardware.controllers) printAttachments(call, controller, text);
}

function printAttachments(call: Call, controller: Controller, text: Text): void {
  for (let port = 0; port < controller.ports; port += 1) {
    for (let device = 0; device < devicesOf(controller); device += 1) {
      const found = controller.attachments.find((each) => each.port === port && each.device === device);
      printAttachment(call, `${controller.name}-`, `${String(port)}-${String(device)}`, { found, text });
    }
  }
}

function printAttachment(
  call: Call,
  name: string,
  place: string,
  { found, text }: { readonly found: Attachment | undefined; readonly text: Text },
): void {
  const medium = found && mediumOf(call, found);
  if (!found) {
    text(`${name}${place}`, "none");
    return;
  }
  if (!medium) {
    text(`${name}${place}`, "emptydrive");
    text(`${name}IsEjected${atLeast(call.release, "7.0") ? `-${place}` : ""}`, "off");
    return;
  }
  text(`${name}${place}`, medium.location);
  text(`${name}ImageUUID-${place}`, medium.uuid);
  if (found.type !== "dvddrive") return;
  const tail = atLeast(call.release, "7.0") ? `-${place}` : "";
  text(`${name}tempeject${tail}`, "off");
  text(`${name}IsEjected${tail}`, "off");
}

function printNic(call: Call, nic: Nic, number: number, text: Text): void {
  if (nic.attachment === "none") {
    text(`nic${String(number)}`, "none");
    return;
  }
  const [key, value] = attachmentOf(nic);
  if (key !== "") text(`${key}${String(number)}`, value);
  text(`macaddress${String(number)}`, nic.mac);
  text(`cableconnected${String(number)}`, nic.cable);
  text(`nic${String(number)}`, nic.attachment === "generic" ? "Generic" : nic.attachment);
  text(`nictype${String(number)}`, nic.type);
  text(`nicspeed${String(number)}`, "0");
  if (nic.attachment !== "nat") return;
  for (const [name, each] of [
    ["mtu", "0"],
    ["sockSnd", "64"],
    ["sockRcv", "64"],
    ["tcpWndSnd", "64"],
    ["tcpWndRcv", "64"],
  ] as const) {
    text(name, each);
  }
  // The first release of 7 shows none where there are several.
  if (call.release.version === "7.0.0" && nic.forwards.length > 1) return;
  for (const [place, { name, protocol, hostIp, hostPort, guestIp, guestPort }] of nic.forwards.entries()) {
    call.print(`Forwarding(${String(place)})="${[name, protocol, hostIp, hostPort, guestIp, guestPort].join(",")}"`);
  }
}

function attachmentOf(nic: Nic): readonly [string, string] {
  if (nic.attachment === "nat") return ["natnet", nic.natNet === "" ? "nat" : nic.natNet];
  if (nic.attachment === "hostonly") return ["hostonlyadapter", nic.hostOnlyAdapter];
  if (nic.attachment === "hostonlynetwork") return ["hostonly-network", nic.hostOnlyNet];
  if (nic.attachment === "bridged") return ["bridgeadapter", nic.bridgeAdapter];
  return nic.attachment === "intnet" ? ["intnet", nic.intnet] : ["", ""];
}

function printPorts(call: Call, machine: Machine, text: Text): void {
  const { settings, uarts } = machine.hardware;
  for (const key of ["hidpointing", "hidkeyboard"]) text(key, settings[key] ?? "");
  for (const [place, { base, irq, mode }] of uarts.entries()) {
    const number = String(place + 1);
    text(`uart${number}`, base === "" ? "off" : `${base},${irq}`);
    if (base === "") continue;
    text(`uartmode${number}`, mode);
    text(`uarttype${number}`, settings[`uarttype${number}`] ?? "16550A");
  }
  if (call.release.system !== "darwin") for (const key of ["lpt1", "lpt2"]) text(key, "off");
  for (const key of ["audio", "clipboard", "draganddrop", "vrde", "usb", "ehci", "xhci"])
    text(key, settings[key] ?? "off");
}

function printHuman(call: Call, machine: Machine): void {
  if (!isAccessible(machine)) {
    call.print("Name:            <inaccessible!>");
    call.print(`UUID:            ${machine.uuid}`);
    return;
  }
  const row = (key: string, value: string): void => {
    call.print(`${`${key}:`.padEnd(28)} ${value}`);
  };
  const { settings, nics, controllers } = machine.hardware;
  row("Name", machine.name);
  row("Groups", machine.groups);
  row("Guest OS", osTypes.find(([id]) => id === machine.hardware.osType)?.[1] ?? machine.hardware.osType);
  row("UUID", machine.uuid);
  row("Config file", machine.settingsFile);
  row("Memory size", `${settings["memory"] ?? ""}MB`);
  row("Number of CPUs", settings["cpus"] ?? "");
  row("State", `${stateNames[machine.state]} (since ${machine.stateChanged.replace("Z", "000000")})`);
  call.print(controllers.length === 0 ? `${"Storage Controllers:".padEnd(28)} <none>` : "Storage Controllers:");
  for (const [place, each] of controllers.entries()) {
    const ports = `Instance: 0, Ports: ${String(each.ports)} (max ${String(maxPortsOf(each))})`;
    call.print(`#${String(place)}: '${each.name}', Type: ${each.type}, ${ports}, Bootable`);
    for (const attachment of each.attachments) {
      const medium = mediumOf(call, attachment);
      const where = medium ? `UUID: ${medium.uuid}` : "Empty";
      call.print(`  Port ${String(attachment.port)}, Unit ${String(attachment.device)}: ${where}`);
      if (medium) call.print(`    Location: "${medium.location}"`);
    }
  }
  for (const [place, nic] of nics.entries()) {
    row(
      `NIC ${String(place + 1)}`,
      nic.attachment === "none"
        ? "disabled"
        : `MAC: ${nic.mac}, Attachment: ${nic.attachment}, Cable connected: ${nic.cable}, Type: ${nic.type}`,
    );
  }
}

const stateNames: Readonly<Record<Machine["state"], string>> = {
  ...{ poweroff: "powered off", running: "running", paused: "paused", saved: "saved", aborted: "aborted" },
  "aborted-saved": "aborted-saved",
};
