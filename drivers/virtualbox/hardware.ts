import type { Computer } from "./computer.js";
import type { HostOnly } from "./network.js";
import { isAtLeast, type Version } from "./parse.js";
import { isBoot2Docker, vmOf, type VirtualBoxState } from "./state.js";

/** What is asked of VirtualBox for one virtual machine. */
export interface Plan {
  readonly state: VirtualBoxState;
  readonly computer: Computer;
  readonly version: Version;
}

const maxCpus = 32;

function cpusOf({ state, computer }: Plan): string {
  return String(Math.min(state.CPU < 1 ? computer.cpus : state.CPU, maxCpus));
}

function onOff(is: boolean): "on" | "off" {
  return is ? "on" : "off";
}

function isArm({ computer }: Plan): boolean {
  return computer.architecture === "arm64";
}

/** @param folder that gets a folder with the settings */
export function createArguments(plan: Plan, folder: string): string[] {
  const { MachineName, UUID } = plan.state;
  return [
    ...["createvm", "--basefolder", folder, "--name", MachineName],
    ...(UUID === undefined ? [] : ["--uuid", UUID]),
    ...(isBoot2Docker(plan.state) ? [] : ["--ostype", systemOf(plan)]),
    ...(isAtLeast(plan.version, 7, 1) && !isBoot2Docker(plan.state)
      ? ["--platform-architecture", isArm(plan) ? "arm" : "x86"]
      : []),
    "--register",
  ];
}

/** VirtualBox's name for the system, which it takes some defaults from. */
function systemOf(plan: Plan): string {
  const families = [
    [/debian/i, "Debian"],
    [/ubuntu/i, "Ubuntu"],
    [/fedora/i, "Fedora"],
  ] as const;
  const [, family] = families.find(([pattern]) => pattern.test(plan.state.ImageURL ?? "")) ?? [];
  return isArm(plan) ? `${family ?? "Debian"}_arm64` : `${family ?? "Linux26"}_64`;
}

/** @param console file for what the serial port prints: without a port, kernels of cloud images wait for minutes */
export function modifyArguments(plan: Plan, console: string): string[] {
  const { state } = plan;
  const dns = [...["--natdnshostresolver1", onOff(state.HostDNSResolver), "--natdnsproxy1", onOff(state.DNSProxy)]];
  const size = ["--cpus", cpusOf(plan), "--memory", String(state.Memory)];
  const serial = ["--uart1", "0x3F8", "4", "--uartmode1", "file", console];
  if (isArm(plan)) {
    const board = ["--chipset", "armv8virtual", "--firmware", "efi64", "--graphicscontroller", "qemuramfb"];
    return ["modifyvm", vmOf(state), ...size, ...board, "--rtcuseutc", "on", ...dns, "--boot1", "disk", ...serial];
  }
  return [
    ...["modifyvm", vmOf(state), ...size, ...bios, "--acpi", "on", "--ioapic", "on", "--rtcuseutc", "on"],
    ...(isAtLeast(plan.version, 6, 0) ? ["--graphicscontroller", "vmsvga"] : []),
    ...["--vram", "16", ...dns],
    ...["--boot1", "disk", "--boot2", "none", "--boot3", "none", "--boot4", "none", ...serial],
  ];
}

const bios = [
  ...["--firmware", "bios", "--bioslogofadein", "off", "--bioslogofadeout", "off", "--bioslogodisplaytime", "0"],
  ...["--biosbootmenu", "disabled"],
];

/** As docker-machine has them. */
export function modifyBoot2DockerArguments(plan: Plan): string[] {
  const { state } = plan;
  return [
    ...["modifyvm", vmOf(state), ...bios, "--ostype", "Linux26_64", "--cpus", cpusOf(plan)],
    ...["--memory", String(state.Memory), "--acpi", "on", "--ioapic", "on", "--rtcuseutc", "on"],
    ...["--natdnshostresolver1", onOff(state.HostDNSResolver), "--natdnsproxy1", onOff(state.DNSProxy)],
    ...["--cpuhotplug", "off", "--pae", "on", "--hpet", "on", "--hwvirtex", "on", "--nestedpaging", "on"],
    ...["--largepages", "on", "--vtxvpid", "on", "--accelerate3d", "off", "--boot1", "dvd"],
  ];
}

export function natArguments({ state }: Plan): string[] {
  return [
    ...["modifyvm", vmOf(state), "--nic1", "nat", "--nictype1", state.NatNicType],
    ...(state.NatMAC === undefined || isBoot2Docker(state) ? [] : ["--macaddress1", state.NatMAC]),
    ...["--cableconnected1", "on"],
  ];
}

/** @param isNet host-only networks take the place of adapters */
export function hostOnlyArguments(state: VirtualBoxState, { name }: HostOnly, isNet: boolean): string[] {
  return [
    ...["modifyvm", vmOf(state), "--nic2", isNet ? "hostonlynet" : "hostonly", "--nictype2", state.HostOnlyNicType],
    ...["--nicpromisc2", state.HostOnlyPromiscMode, isNet ? "--host-only-net2" : "--hostonlyadapter2", name],
    ...(state.HostOnlyMAC === undefined || isBoot2Docker(state) ? [] : ["--macaddress2", state.HostOnlyMAC]),
    ...["--cableconnected2", "on"],
  ];
}

/** The controller of the disks. Kernels of cloud images are sure to have drivers for VirtIO, which came with 6.1. */
export interface Controller {
  readonly name: string;
  readonly add: readonly string[];
  /** Port and device of the disk, and of the drive. */
  readonly disk: readonly [number, number];
  readonly drive: readonly [number, number];
}

export function controllerOf({ state, version }: Plan): Controller {
  if (isBoot2Docker(state)) return { name: "SATA", add: ["--add", "sata"], drive: [0, 0], disk: [1, 0] };
  if (isAtLeast(version, 6, 1)) {
    return { name: "VirtIO", add: ["--add", "virtio", "--controller", "VirtIO"], disk: [0, 0], drive: [1, 0] };
  }
  return { name: "IDE", add: ["--add", "ide", "--controller", "PIIX4"], disk: [0, 0], drive: [1, 0] };
}

/** @param medium a file, `emptydrive` or `none` */
export function attachArguments(
  vm: string,
  { name }: Pick<Controller, "name">,
  [port, device]: readonly [number, number],
  type: "hdd" | "dvddrive",
  medium: string,
): string[] {
  return [
    ...["storageattach", vm, "--storagectl", name, "--port", String(port), "--device", String(device)],
    ...["--type", type, "--medium", medium],
  ];
}
