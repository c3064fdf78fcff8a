import { join } from "node:path";
import type { Call } from "../call.js";
import { mediumOf } from "../media.js";
import { notImplemented } from "../refusal.js";
import { tapName } from "../network.js";
import type { Attachment, Controller, Forward, Machine, Nic } from "../state.js";

/** How QEMU is to run a VM. */
export interface Plan {
  readonly args: readonly string[];
  /** Disks to be served, as QEMU's own drivers of these formats allow no saving of a VM's state. */
  readonly disks: readonly { readonly file: string; readonly format: string; readonly socket: string }[];
  readonly drives: Readonly<Record<string, string>>;
  /** Host-only adapters to be connected: tap to bridge. */
  readonly taps: readonly { readonly tap: string; readonly adapter: string }[];
}

/** Each piece of hardware becomes what it is, or is refused: no guest gets something that it knows better. */
export function planQemu(call: Call, machine: Machine, run: { readonly folder: string; readonly qmp: string }): Plan {
  const { settings } = machine.hardware;
  if (machine.platform !== "x86" || settings["firmware"] !== "BIOS") throw notImplemented("booting ARM or UEFI");
  const storage = machine.hardware.controllers.map((controller) =>
    planController(call, machine, controller, run.folder),
  );
  const nics = machine.hardware.nics.map((nic, slot) => planNic(call, machine, nic, slot));
  const type = settings["chipset"] === "ich9" ? "q35" : "pc";
  return {
    args: [
      ...["-name", machine.uuid, "-machine", `${type},accel=tcg`, "-cpu", "max", "-nodefaults", "-no-user-config"],
      ...["-m", settings["memory"] ?? "128", "-smp", settings["cpus"] ?? "1", "-vga", "std", "-display", "none"],
      ...["-rtc", `base=${settings["rtcuseutc"] === "on" ? "utc" : "localtime"}`, "-S"],
      ...["-qmp", `unix:${run.qmp},server=on,wait=off`],
      ...(settings["acpi"] === "off" ? ["-no-acpi"] : []),
      ...storage.flatMap((each) => each.args),
      ...nics.flatMap((each) => each.args),
      ...machine.hardware.uarts.flatMap(planUart),
      ...(machine.stateFile === "" ? [] : ["-incoming", `exec:cat '${machine.stateFile}'`]),
    ],
    disks: storage.flatMap((each) => each.disks),
    drives: Object.assign({}, ...storage.map((each) => each.drives)) as Record<string, string>,
    taps: nics.flatMap((each) => each.taps),
  };
}

type Part = Pick<Plan, "args" | "disks" | "drives">;

const controllers: Readonly<Record<string, string | undefined>> = {
  ...{ IntelAhci: "ich9-ahci", VirtioSCSI: "virtio-scsi-pci", LsiLogicSas: "mptsas1068", NVMe: "" },
  ...{ PIIX3: "", PIIX4: "", ICH6: "" },
};

function planController(call: Call, machine: Machine, controller: Controller, folder: string): Part {
  const device = controllers[controller.type];
  if (device === undefined) throw notImplemented(`a VM with the controller ${controller.type}`);
  const id = `c${String(machine.hardware.controllers.indexOf(controller))}`;
  const parts = controller.attachments.map((each) => planAttachment(call, machine, { controller, id, folder }, each));
  return {
    args: [...(device === "" ? [] : ["-device", `${device},id=${id}`]), ...parts.flatMap((each) => each.args)],
    disks: parts.flatMap((each) => each.disks),
    drives: Object.assign({}, ...parts.map((each) => each.drives)) as Record<string, string>,
  };
}

interface Where {
  readonly controller: Controller;
  readonly id: string;
  readonly folder: string;
}

function planAttachment(call: Call, machine: Machine, { controller, id, folder }: Where, attachment: Attachment): Part {
  const { port, device, type } = attachment;
  const node = `${id}-${String(port)}-${String(device)}`;
  const medium = mediumOf(call, attachment);
  const [isDisc, socket] = [type === "dvddrive", join(folder, `${node}.nbd`)];
  const image = isDisc
    ? `driver=raw,node-name=${node},read-only=on,file.driver=file,file.filename=${medium?.location ?? ""}`
    : `driver=raw,node-name=${node},file.driver=nbd,file.server.type=unix,file.server.path=${socket}`;
  const boot = bootIndex(machine, isDisc ? "dvd" : "disk", port);
  const drive = medium ? [`drive=${node}`, ...boot] : [];
  const where = deviceFor(controller, id, { port, device, isDisc });
  return {
    args: [...(medium ? ["-blockdev", image] : []), "-device", [...where, `id=d${node}`, ...drive].join(",")],
    disks: medium && !isDisc ? [{ file: medium.location, format: medium.format, socket }] : [],
    drives: { [`${controller.name}-${String(port)}-${String(device)}`]: `d${node}` },
  };
}

interface Slot {
  readonly port: number;
  readonly device: number;
  readonly isDisc: boolean;
}

function deviceFor({ bus }: Controller, id: string, { port, device, isDisc }: Slot): readonly string[] {
  const kind = isDisc ? "cd" : "hd";
  if (bus === "sata") return [`ide-${kind}`, `bus=${id}.${String(port)}`];
  if (bus === "ide") return [`ide-${kind}`, `bus=ide.${String(port)}`, `unit=${String(device)}`];
  if (bus === "pcie") return ["nvme", `serial=${id}${String(port)}`];
  return [`scsi-${kind}`, `bus=${id}.0`, `scsi-id=${String(port)}`];
}

function bootIndex(machine: Machine, what: string, port: number): readonly string[] {
  const order = [1, 2, 3, 4].map((place) => machine.hardware.settings[`boot${String(place)}`]);
  const place = order.indexOf(what);
  return place === -1 ? [] : [`bootindex=${String(place * 100 + port)}`];
}

const nicDevices: Readonly<Record<string, string | undefined>> = {
  ...{ "82540EM": "e1000", "82545EM": "e1000-82545em", "82543GC": "e1000-82544gc", virtio: "virtio-net-pci" },
  ...{ Am79C970A: "pcnet", Am79C973: "pcnet" },
};

function planNic(call: Call, machine: Machine, nic: Nic, slot: number): Pick<Plan, "args" | "taps"> {
  if (nic.attachment === "none") return { args: [], taps: [] };
  const device = nicDevices[nic.type];
  if (device === undefined) throw notImplemented(`a VM with the network adapter ${nic.type}`);
  const id = `n${String(slot + 1)}`;
  const mac = nic.mac.replace(/..(?!$)/g, "$&:");
  const backend = planBackend(call, machine, nic, slot);
  const netdev = backend.netdev === "" ? "" : `,netdev=${id}`;
  return {
    args: [
      ...(backend.netdev === "" ? [] : ["-netdev", backend.netdev]),
      "-device",
      `${device},id=nic${String(slot + 1)},mac=${mac}${netdev}`,
    ],
    taps: backend.taps,
  };
}

function planBackend(
  call: Call,
  machine: Machine,
  nic: Nic,
  slot: number,
): { readonly netdev: string; readonly taps: Plan["taps"] } {
  const id = `n${String(slot + 1)}`;
  if (nic.attachment === "nat") {
    const net = nic.natNet === "" ? `10.0.${String(slot + 2)}.0/24` : nic.natNet;
    const rules = nic.forwards.map((each) => `,hostfwd=${forwardText(each)}`).join("");
    return { netdev: `user,id=${id},net=${net}${rules}`, taps: [] };
  }
  if (nic.attachment === "hostonly") {
    const tap = tapName(call.home, machine.uuid, slot + 1);
    const netdev = `tap,id=${id},ifname=${tap},script=no,downscript=no`;
    return { netdev, taps: [{ tap, adapter: nic.hostOnlyAdapter }] };
  }
  if (nic.attachment !== "null") throw notImplemented(`a VM with an adapter attached to ${nic.attachment}`);
  return { netdev: "", taps: [] };
}

/** `tcp:127.0.0.1:2222-:22` */
export function forwardText({ protocol, hostIp, hostPort, guestIp, guestPort }: Forward): string {
  return `${protocol}:${hostIp}:${String(hostPort)}-${guestIp}:${String(guestPort)}`;
}

function planUart({ base, mode }: Machine["hardware"]["uarts"][number], place: number): readonly string[] {
  if (base === "") return [];
  const [kind, path = ""] = mode.split(/,(.*)/s);
  const backend = kind === "file" ? `file,path=${path}` : kind === "disconnected" ? "null" : undefined;
  if (backend === undefined) throw notImplemented(`--uartmode ${kind ?? ""}`);
  const id = `s${String(place + 1)}`;
  return ["-chardev", `${backend},id=${id}`, "-device", `isa-serial,chardev=${id},iobase=${base}`];
}
