import { enginePort, type Machine } from "../../src/driver/index.js";
import type { Accelerator } from "./accelerator.js";
import { escaped, filesOf, macsOf, type QemuState } from "./state.js";
import { monitorArguments } from "./monitor.js";
import { groupOf } from "./network.js";
import { sharesOf } from "./share.js";

/** What the command line depends on beside the machine. */
export interface CommandLineContext {
  readonly platform: NodeJS.Platform;
  readonly accelerator: Accelerator;
  /** Of arm64: the firmware's code. */
  readonly firmware?: string | undefined;
  /** The seed of the first boot is there still. */
  readonly hasSeed: boolean;
  /** It does not run until it is told to. */
  readonly isPaused: boolean;
}

/** Nodes of the disk and the seed, and the drive that the seed is in, as QMP names them. */
export const diskNode = "disk0";
export const seedNode = "seed";
export const seedDevice = "seed0";

/**
 * The arguments of `qemu-system-*`. A machine has the same devices at each start, whether there is a seed or not, since
 * its snapshots fit only then.
 */
export function commandLine(machine: Machine<QemuState>, given: CommandLineContext): string[] {
  const { name, state } = machine;
  const files = filesOf(machine);
  return [
    ...["-name", escaped(name), "-uuid", state.MachineId],
    ...board(state, files.firmware, given),
    ...["-smp", String(state.CPU), "-m", String(state.Memory)],
    ...["-nodefaults", "-display", "none"],
    ...disk(files.disk),
    ...seed(files.seed, given.hasSeed),
    ...network(state),
    ...sharesOf(state).flatMap(({ tag, host }) => [
      ...["-fsdev", `local,id=${tag},path=${escaped(host)},security_model=none`],
      ...["-device", `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
    ]),
    ...["-device", "virtio-rng-pci"],
    ...["-chardev", `file,id=console,path=${escaped(files.console)}`, "-serial", "chardev:console"],
    ...monitorArguments(machine, given.platform),
    ...["-pidfile", files.pid],
    ...(given.isPaused ? ["-S"] : []),
    ...(given.platform === "win32" ? [] : ["-daemonize"]),
  ];
}

function board(
  { Architecture }: QemuState,
  variables: string,
  { accelerator, firmware = "" }: CommandLineContext,
): readonly string[] {
  // Without vmx=off Windows' hypervisor refuses some processors.
  const cpu = accelerator === "whpx" ? "max,vmx=off" : "max";
  const accel = accelerator === "whpx" ? "whpx,kernel-irqchip=off" : accelerator;
  if (Architecture === "amd64") return ["-machine", "q35", "-accel", accel, "-cpu", cpu];
  return [
    ...["-machine", "virt", "-accel", accel],
    // Emulated as the architecture has it, the signing of pointers halves the speed.
    ...["-cpu", accelerator === "tcg" ? "max,pauth-impdef=on" : cpu],
    ...["-drive", `if=pflash,format=raw,readonly=on,file=${escaped(firmware)}`],
    ...["-drive", `if=pflash,format=raw,file=${escaped(variables)}`],
  ];
}

function disk(file: string): readonly string[] {
  const node = `driver=qcow2,node-name=${diskNode},discard=unmap,detect-zeroes=unmap`;
  return [
    ...["-blockdev", `${node},file.driver=file,file.filename=${escaped(file)},file.discard=unmap`],
    ...["-device", `virtio-blk-pci,drive=${diskNode},bootindex=0`],
  ];
}

/** A CD drive, which is empty after the first boot. */
function seed(file: string, isThere: boolean): readonly string[] {
  const controller = ["-device", "virtio-scsi-pci,id=scsi0"];
  if (!isThere) return [...controller, "-device", `scsi-cd,bus=scsi0.0,id=${seedDevice}`];
  return [
    ...controller,
    ...["-blockdev", `driver=raw,node-name=${seedNode},read-only=on,file.driver=file,file.filename=${escaped(file)}`],
    ...["-device", `scsi-cd,bus=scsi0.0,id=${seedDevice},drive=${seedNode}`],
  ];
}

function network(state: QemuState): readonly string[] {
  const [first, second] = macsOf(state);
  const forward = (from: number, to: number): string => `hostfwd=tcp:127.0.0.1:${String(from)}-:${String(to)}`;
  const forwards = [forward(state.SSHPort, 22), forward(state.EnginePort, enginePort)].join(",");
  return [
    ...["-netdev", `user,id=net0,${forwards}`, "-device", `virtio-net-pci,netdev=net0,mac=${first}`],
    ...(state.Network === "user"
      ? []
      : ["-netdev", secondNetwork(state), "-device", `virtio-net-pci,netdev=net1,mac=${second}`]),
  ];
}

function secondNetwork({ Network, StorePath }: QemuState): string {
  if (Network === "vmnet") return "vmnet-shared,id=net1";
  if (Network === "socket") {
    const { group, port } = groupOf(StorePath);
    return `socket,id=net1,mcast=${group}:${String(port)},localaddr=127.0.0.1`;
  }
  return `tap,id=net1,ifname=${Network.slice("tap:".length)},script=no,downscript=no`;
}
