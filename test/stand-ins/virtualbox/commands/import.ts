import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Call, type Command, showProgress } from "../call.js";
import { convertDisk } from "../disk-format.js";
import { type Line, has, option, readLine, valueOf } from "../getopt.js";
import { addAdapter } from "../hardware.js";
import { type Ovf, type OvfController, readOvf } from "../ovf.js";
import { apiError, notImplemented, syntaxError } from "../refusal.js";
import { writeSettings } from "../settings-file.js";
import type { Controller } from "../state.js";
import { machineFolder, newMachine, refuseSecondMachine } from "./create.js";

const options = [
  ...[option("dry-run", "flag", "-n"), option("detailed-progress", "flag"), option("vsys", "uint"), option("vmname")],
  ...[option("unit", "uint"), option("disk"), option("cpus", "uint"), option("memory", "uint"), option("basefolder")],
  ...[
    option("options"),
    option("eula"),
    option("ostype"),
    option("group"),
    option("settingsfile"),
    option("ignore", "flag"),
  ],
];

const done = ["dry-run", "vsys", "vmname", "unit", "disk", "cpus", "memory", "basefolder"];

/** Of a description (.ovf) with its disks beside it. */
export const importAppliance: Command = (call, args) => {
  const line = readLine(options, args, 1);
  const [given] = line.words;
  if (given === undefined) throw syntaxError('Not enough arguments for "import" command.');
  const missing = line.options.find((each) => !done.includes(each.id));
  if (missing) throw notImplemented(`import --${missing.id}`);
  const file = resolve(given);
  if (!existsSync(file)) {
    const message = `Could not read OVF file '${basename(file)}' (VERR_FILE_NOT_FOUND)`;
    throw apiError(call.release, "FILE_ERROR", message, [
      "VirtualBox",
      "Read(Bstr(strOvfFilename).raw(), progressRead.asOutParam())",
    ]);
  }
  const ovf = readOvf(file);
  const name = valueOf(line, "vmname") ?? ovf.name;
  const folder = join(valueOf(line, "basefolder") ?? machineFolder(call), name);
  showProgress(call);
  call.print(`Interpreting ${file}...\nOK.`);
  describe(call, ovf, { name, folder });
  if (has(line, "dry-run")) return;
  make(call, ovf, { name, folder, line, source: dirname(file) });
  showProgress(call);
  call.print("Successfully imported the appliance.");
};

interface Target {
  readonly name: string;
  readonly folder: string;
}

/** Units are numbered as they are told; a disk's is needed to say where it shall be. */
function describe(call: Call, ovf: Ovf, { name, folder }: Target): void {
  call.print("\nVirtual system 0:");
  const units = unitsOf(ovf, { name, folder });
  for (const [number, text] of units.entries()) call.print(`${String(number).padStart(2)}: ${text}`);
}

function unitsOf(ovf: Ovf, { name, folder }: Target): readonly string[] {
  const units = [
    ...[`Suggested OS type: "${ovf.osType}"`, `Suggested VM name "${name}"`, 'Suggested VM group "/"'],
    ...[
      `Suggested VM settings file name "${join(folder, `${name}.vbox`)}"`,
      `Suggested VM base folder "${dirname(folder)}"`,
    ],
    ...[`Number of CPUs: ${ovf.cpus}`, `Guest memory: ${ovf.memory} MB`],
    ...ovf.adapters.map(
      ({ network }, slot) => `Network adapter: orig ${network}, config 3, extra slot=${String(slot)};type=${network}`,
    ),
  ];
  for (const controller of ovf.controllers) {
    const number = String(units.length);
    units.push(controllerTexts[controller.bus]);
    for (const { file, port } of controller.disks) {
      units.push(
        `Hard disk image: source image=${file}, target path=${join(folder, file)}, controller=${number};port=${String(port)}`,
      );
    }
  }
  return units;
}

const controllerTexts = {
  sata: "SATA controller, type AHCI",
  ide: "IDE controller, type PIIX4",
  virtio: "VirtioSCSI controller, type VirtioSCSI",
};

function make(call: Call, ovf: Ovf, target: Target & { readonly line: Line; readonly source: string }): void {
  const file = join(target.folder, `${target.name}.vbox`);
  const machine = newMachine(target.name, {
    uuid: randomUUID(),
    osType: ovf.osType,
    platform: "x86",
    groups: "/",
    file,
  });
  refuseSecondMachine(call, machine);
  mkdirSync(target.folder, { recursive: true });
  const { hardware } = machine;
  Object.assign(hardware.settings, {
    cpus: valueOf(target.line, "cpus") ?? ovf.cpus,
    memory: valueOf(target.line, "memory") ?? ovf.memory,
  });
  Object.assign(hardware.settings, { ioapic: "on", boot1: "disk", boot2: "none", boot3: "none" });
  for (const [slot, { type }] of ovf.adapters.entries()) addAdapter(hardware, slot, type);
  hardware.controllers = ovf.controllers.map((each) => controllerOf(call, ovf, each, target));
  call.state.machines.push(machine);
  writeSettings(call, machine);
}

const shapes = {
  sata: { name: "SATA Controller", type: "IntelAhci", ports: 1 },
  ide: { name: "IDE Controller", type: "PIIX4", ports: 2 },
  virtio: { name: "VirtIO Controller", type: "VirtioSCSI", ports: 1 },
};

function controllerOf(
  call: Call,
  ovf: Ovf,
  { bus, disks }: OvfController,
  target: Target & { readonly line: Line; readonly source: string },
): Controller {
  const attachments = disks.map(({ file, port }) => {
    const location = placeOf(ovf, target, file);
    mkdirSync(dirname(location), { recursive: true });
    const uuid = convertDisk(join(target.source, file), "vmdk", location, location.endsWith(".vdi") ? "VDI" : "VMDK");
    call.state.media.push({
      uuid,
      type: "hdd",
      location,
      format: location.endsWith(".vdi") ? "VDI" : "VMDK",
      parent: "",
      description: "",
    });
    return { port, device: 0, type: "hdd" as const, medium: uuid };
  });
  return { ...shapes[bus], bus, bootable: "on", attachments };
}

/** `--unit N --disk PATH` for the disk's unit. */
function placeOf(ovf: Ovf, { name, folder, line }: Target & { readonly line: Line }, file: string): string {
  const unit = unitsOf(ovf, { name, folder }).findIndex((each) => each.includes(`source image=${file},`));
  const place = line.options.findIndex((each) => each.id === "unit" && Number(each.value) === unit);
  const disk = place === -1 ? undefined : line.options.slice(place).find((each) => each.id === "disk")?.value;
  return disk === undefined ? join(folder, file) : resolve(folder, disk);
}
