import { type Call, type Command, findMachine, isOnline, lockForWriting } from "../call.js";
import { type Line, option, readLine, valueOf, has } from "../getopt.js";
import { openMedium, usersOf } from "../media.js";
import { apiError, argumentError, isRefusal, notImplemented, plainError, syntaxError } from "../refusal.js";
import { changeDisc } from "../power/hot.js";
import { writeSettings } from "../settings-file.js";
import type { Attachment, Controller, Machine } from "../state.js";

interface Bus {
  readonly type: string;
  /** showvminfo's names of the controllers that it can be, by what --controller calls them. */
  readonly types: Readonly<Record<string, string>>;
  readonly ports: number;
  readonly maxPorts: number;
  readonly devices: number;
}

const lsi = { lsilogic: "LsiLogic", buslogic: "BusLogic" };

const buses: Readonly<Record<Controller["bus"], Bus>> = {
  ide: { type: "PIIX4", types: { piix3: "PIIX3", piix4: "PIIX4", ich6: "ICH6" }, ports: 2, maxPorts: 2, devices: 2 },
  sata: { type: "IntelAhci", types: { intelahci: "IntelAhci" }, ports: 1, maxPorts: 30, devices: 1 },
  scsi: { type: "LsiLogic", types: lsi, ports: 16, maxPorts: 16, devices: 1 },
  sas: { type: "LsiLogicSas", types: { lsilogicsas: "LsiLogicSas" }, ports: 8, maxPorts: 255, devices: 1 },
  usb: { type: "USB", types: { usb: "USB" }, ports: 8, maxPorts: 8, devices: 1 },
  pcie: { type: "NVMe", types: { nvme: "NVMe" }, ports: 1, maxPorts: 255, devices: 1 },
  virtio: { type: "VirtioSCSI", types: { virtio: "VirtioSCSI" }, ports: 1, maxPorts: 256, devices: 1 },
  floppy: { type: "I82078", types: { i82078: "I82078" }, ports: 1, maxPorts: 1, devices: 2 },
};

/** showvminfo has one name for both of an unknown kind. */
export function maxPortsOf(controller: Controller): number {
  return buses[controller.bus].maxPorts;
}

export function devicesOf(controller: Controller): number {
  return buses[controller.bus].devices;
}

const controllerOptions = [
  ...[option("name"), option("add"), option("controller"), option("portcount", "uint"), option("remove", "flag")],
  ...[option("rename"), option("hostiocache"), option("bootable")],
];

export const storageCtl: Command = (call, [name, ...args]) => {
  if (name === undefined || args.length < 3) throw syntaxError("Too few parameters");
  const line = readLine(controllerOptions, args, 0);
  const machine = findMachine(call, name, "FindMachine(Bstr(a->argv[0]).raw(), machine.asOutParam())");
  lockForWriting(call, machine);
  const wanted = valueOf(line, "name");
  if (wanted === undefined) throw syntaxError("Storage controller name not specified\n");
  const changed = structuredClone(machine);
  endingWith1(() => {
    if (has(line, "remove")) removeController(call, changed, wanted);
    else changeController(call, changed, wanted, line);
  });
  Object.assign(machine, changed);
  writeSettings(call, machine);
};

/** VBoxManage says what is wrong with the command line, and ends with 1 all the same. */
function endingWith1<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw isRefusal(error) && error.exitCode === 2 ? Object.assign(error, { exitCode: 1 }) : error;
  }
}

function changeController(call: Call, machine: Machine, name: string, line: Line): void {
  const add = valueOf(line, "add");
  if (add !== undefined) addController(call, machine, name, add);
  const controller = findController(call, machine, name);
  const type = valueOf(line, "controller");
  if (type !== undefined) controller.type = typeOf(call, controller, type);
  const ports = valueOf(line, "portcount");
  if (ports !== undefined) controller.ports = portCount(call, controller, Number(ports));
  for (const id of ["hostiocache", "bootable"]) {
    const value = valueOf(line, id);
    if (value !== undefined && !/^(on|off)$/i.test(value)) throw argumentError(`Invalid --${id} argument '${value}'`);
  }
  controller.bootable = valueOf(line, "bootable") === "off" ? "off" : "on";
  const rename = valueOf(line, "rename");
  if (rename !== undefined) controller.name = rename;
}

function addController(call: Call, machine: Machine, name: string, given: string): void {
  const wanted = given.toLowerCase() === "virtio-scsi" ? "virtio" : given.toLowerCase();
  if (!(wanted in buses)) throw argumentError(`Invalid --add argument '${given}'`);
  const bus = wanted as Controller["bus"];
  const context = "AddStorageController(Bstr(pszCtl).raw(), StorageBus, ctl.asOutParam())";
  if (machine.hardware.controllers.some((each) => each.name === name)) {
    const message = `Storage controller named '${name}' already exists`;
    throw apiError(call.release, "OBJECT_IN_USE", message, ["SessionMachine", context]);
  }
  if (machine.hardware.controllers.some((each) => each.bus === bus)) {
    throw apiError(call.release, "INVALIDARG", "Too many storage controllers of this type", [
      "SessionMachine",
      context,
    ]);
  }
  const { type, ports } = buses[bus];
  machine.hardware.controllers.push({ name, bus, type, ports, bootable: "on", attachments: [] });
}

function typeOf(call: Call, controller: Controller, given: string): string {
  const known = Object.values(buses).some((each) => given.toLowerCase() in each.types);
  if (!known) throw argumentError(`Invalid --type argument '${given}'`);
  const type = buses[controller.bus].types[given.toLowerCase()];
  if (type === undefined) {
    const message = `Invalid controller type ${given}`;
    throw apiError(call.release, "INVALIDARG", message, ["Machine", "COMSETTER(ControllerType)(...)"]);
  }
  return type;
}

function portCount(call: Call, controller: Controller, count: number): number {
  const { maxPorts, ports, type } = buses[controller.bus];
  const isFixed = controller.bus === "ide" || controller.bus === "scsi";
  if (count < 1 || count > maxPorts || (isFixed && count !== ports)) {
    const message = `Invalid port count: ${String(count)} (must be in range [1, ${String(maxPorts)}])`;
    throw apiError(call.release, "INVALIDARG", message, ["Machine", `COMSETTER(PortCount)(portcount) of ${type}`]);
  }
  return count;
}

function findController(call: Call, machine: Machine, name: string): Controller {
  const found = machine.hardware.controllers.find((each) => each.name === name);
  if (found) return found;
  const message = `Could not find a storage controller named '${name}'`;
  throw apiError(call.release, "NOT_FOUND", message, [
    "SessionMachine",
    "GetStorageControllerByName(Bstr(pszCtl).raw(), ctl.asOutParam())",
  ]);
}

function removeController(call: Call, machine: Machine, name: string): void {
  const found = findController(call, machine, name);
  machine.hardware.controllers = machine.hardware.controllers.filter((each) => each !== found);
}

const attachOptions = [
  ...[option("storagectl"), option("port", "uint"), option("device", "uint"), option("type"), option("medium")],
  ...["mtype", "passthrough", "tempeject", "nonrotational", "discard", "hotpluggable"].map((each) => option(each)),
  ...[option("bandwidthgroup"), option("forceunmount", "flag"), option("comment"), option("setuuid")],
  ...["setparentuuid", "server", "target", "tport", "lun", "encodedlun", "username", "password"].map((each) =>
    option(each),
  ),
  ...[option("passwordfile"), option("initiator"), option("intnet", "flag")],
];

const notDone = ["mtype", "passthrough", "bandwidthgroup", "setuuid", "setparentuuid", "server", "target", "intnet"];

export const storageAttach: Command = async (call, [name, ...args]) => {
  if (name === undefined) throw syntaxError("Not enough parameters");
  const line = endingWith1(() => readLine(attachOptions, args, 0));
  if (valueOf(line, "storagectl") === undefined) throw syntaxError("Storage controller name not specified");
  const missing = notDone.find((each) => has(line, each));
  if (missing !== undefined) throw notImplemented(`storageattach --${missing}`);
  const machine = findMachine(call, name, "FindMachine(Bstr(a->argv[0]).raw(), machine.asOutParam())");
  if (call.fault("locked")) lockForWriting(call, { ...machine, state: "running" });
  const controller = machine.hardware.controllers.find((each) => each.name === valueOf(line, "storagectl"));
  if (!controller) throw plainError(`Could not find a controller named '${valueOf(line, "storagectl") ?? ""}'\n`);
  await attach(call, machine, controller, line);
  writeSettings(call, machine);
};

async function attach(call: Call, machine: Machine, controller: Controller, line: Line): Promise<void> {
  const { devices, maxPorts } = buses[controller.bus];
  const port = numberOf(line, "port", maxPorts);
  const device = numberOf(line, "device", devices);
  if (port >= maxPorts || device >= devices) throw outOfRange(call, controller, port, device);
  const medium = valueOf(line, "medium");
  if (medium === undefined) throw plainError("Missing --medium argument");
  const current = controller.attachments.find((each) => each.port === port && each.device === device);
  if (/^none$/i.test(medium)) {
    detach(call, machine, controller, current, { port, device });
    return;
  }
  const next = attachment(call, machine, line, { port, device, current });
  if (isOnline(machine)) await changeDisc(call, machine, controller, next, { force: has(line, "forceunmount") });
  controller.ports = Math.max(controller.ports, port + 1);
  controller.attachments = [...controller.attachments.filter((each) => each !== current), next];
}

function numberOf(line: Line, id: "port" | "device", max: number): number {
  const value = valueOf(line, id);
  if (value !== undefined) return Number(value);
  if (max === 1) return 0;
  throw syntaxError(`${id === "port" ? "Port" : "Device"} not specified`);
}

function outOfRange(call: Call, controller: Controller, port: number, device: number): Error {
  const { devices, maxPorts } = buses[controller.bus];
  const message =
    `The port and/or device parameter are out of range: port=${String(port)} (must be in range ` +
    `[0, ${String(maxPorts - 1)}]), device=${String(device)} (must be in range [0, ${String(devices - 1)}])`;
  return apiError(call.release, "INVALIDARG", message, ["SessionMachine", "AttachDevice(...)"]);
}

interface Place {
  readonly port: number;
  readonly device: number;
}

function detach(
  call: Call,
  machine: Machine,
  controller: Controller,
  current: Attachment | undefined,
  { port, device }: Place,
): void {
  if (isOnline(machine)) {
    const message = `Controller '${controller.name}' does not support hot-plugging`;
    throw apiError(call.release, "INVALID_VM_STATE", message, [
      "SessionMachine",
      "DetachDevice(Bstr(pszCtl).raw(), port, device)",
    ]);
  }
  if (!current) {
    const message = `No storage device attached to device slot ${String(device)} on port ${String(port)} of controller '${controller.name}'`;
    throw apiError(call.release, "NOT_FOUND", message, [
      "SessionMachine",
      "DetachDevice(Bstr(pszCtl).raw(), port, device)",
    ]);
  }
  controller.attachments = controller.attachments.filter((each) => each !== current);
}

function attachment(
  call: Call,
  machine: Machine,
  line: Line,
  { port, device, current }: Place & { readonly current: Attachment | undefined },
): Attachment {
  const given = valueOf(line, "medium") ?? "";
  if (/^emptydrive$/i.test(given)) return emptied(machine, line, { port, device, current });
  if (/^(host:|iscsi$|additions$)/i.test(given)) throw notImplemented(`storageattach --medium ${given}`);
  const type = typeOfDrive(line) ?? current?.type;
  if (type === undefined) throw plainError("Argument --type must be specified\n");
  const medium = openOrSay(call, given, type);
  if (valueOf(line, "comment") !== undefined) medium.description = valueOf(line, "comment") ?? "";
  const isHere = machine.hardware.controllers
    .flatMap((each) => each.attachments)
    .some((each) => each.medium === medium.uuid && each !== current);
  if (type === "hdd" && (isHere || usersOf(call, medium).some((each) => each !== machine))) {
    const message = `Medium '${medium.location}' is already attached to a virtual machine`;
    throw apiError(call.release, "OBJECT_IN_USE", message, [
      "SessionMachine",
      "AttachDevice(Bstr(pszCtl).raw(), port, device, DeviceType_HardDisk, pMedium2Mount)",
    ]);
  }
  return { port, device, type, medium: medium.uuid };
}

/** The API's error comes first, then what VBoxManage makes of it. */
function openOrSay(call: Call, given: string, type: Attachment["type"]): ReturnType<typeof openMedium> {
  try {
    return openMedium(call, given, type === "dvddrive" ? "dvd" : type === "fdd" ? "floppy" : "hdd");
  } catch (error) {
    if (!(error instanceof Error) || !("lines" in error)) throw error;
    throw plainError(...(error.lines as string[]), `Invalid UUID or filename "${given}"`);
  }
}

function emptied(
  machine: Machine,
  line: Line,
  { port, device, current }: Place & { readonly current: Attachment | undefined },
): Attachment {
  const isRemovable = current !== undefined && current.type !== "hdd";
  if (isOnline(machine) && !isRemovable) {
    const controller = valueOf(line, "storagectl") ?? "";
    throw plainError(
      `No DVD/Floppy Drive attached to the controller '${controller}'at the port: ${String(port)}, device: ${String(device)}`,
    );
  }
  return { port, device, type: isRemovable ? current.type : "dvddrive", medium: "" };
}

function typeOfDrive(line: Line): Attachment["type"] | undefined {
  const type = valueOf(line, "type")?.toLowerCase();
  if (type === undefined || type === "hdd" || type === "dvddrive" || type === "fdd") return type;
  throw argumentError(`Invalid --type argument '${type}'`);
}
