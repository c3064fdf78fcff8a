import { randomBytes, randomUUID } from "node:crypto";
import { absolutePath, MachineError, withHome, type Io, type MachinePlan } from "../../src/driver/index.js";
import { checkUserData, chooseImage, cidrOf, networkOf, type Network } from "../../src/vm/index.js";
import type { Computer } from "./computer.js";
import { listMachines } from "./node-virtualbox.js";
import { expectedFailure, trapIn } from "./failure.js";
import { chooseNetwork, knownNetworks } from "./network.js";
import type { VirtualBoxOptions } from "./options.js";
import { isAtLeast, type Version } from "./parse.js";
import type { VirtualBoxState } from "./state.js";
import { vboxManage, type VBoxManage } from "./vboxmanage.js";

/** Checks all that can be checked before anything is made. @throws MachineError `usage`, `precheck` */
export async function plan(
  options: VirtualBoxOptions,
  machine: MachinePlan,
  computer: Computer,
  io: Io,
): Promise<VirtualBoxState> {
  const { name, common } = machine;
  await checkOptions(options, io);
  const isOld = options.boot2dockerUrl !== "" || options.importBoot2dockerVm !== "";
  const image = isOld ? undefined : chooseImage(options.image, options.imageDigest, computer.architecture, io.env);
  const vbox = vboxManage(io, computer, "");
  const network = await checkVirtualBox(vbox, options, name, isOld);
  return {
    ...common,
    SSHUser: isOld ? "docker" : options.sshUser,
    ...{ VBoxManager: {}, HostInterfaces: {} },
    CPU: options.cpuCount,
    Memory: options.memory,
    DiskSize: options.diskSize,
    NatNicType: options.natNictype,
    Boot2DockerURL: options.boot2dockerUrl,
    Boot2DockerImportVM: options.importBoot2dockerVm,
    HostDNSResolver: options.hostDnsResolver,
    // A cloud image's is chosen together with its address, when nobody else can choose.
    HostOnlyCIDR: isOld ? cidrOf(network) : options.hostonlyCidr,
    HostOnlyNicType: options.hostonlyNictype,
    HostOnlyPromiscMode: options.hostonlyNicpromisc,
    UIType: options.uiType,
    HostOnlyNoDHCP: options.hostonlyNoDhcp,
    NoShare: options.noShare,
    DNSProxy: !options.noDnsProxy,
    NoVTXCheck: options.noVtxCheck,
    ShareFolder: withHome(options.shareFolder, io.env),
    UUID: randomUUID(),
    ImageURL: image?.url ?? "",
    ImageDigest: image?.digest ?? "",
    UserDataFile: options.userdata === "" ? "" : absolutePath(options.userdata, io.env),
    SSHHostKey: "",
    NatMAC: newMac(),
    HostOnlyMAC: newMac(),
    HostOnlyNetwork: "",
    Owner: await machine.storeId(),
  };
}

/** In the range that VirtualBox itself takes them from. */
function newMac(): string {
  return `080027${randomBytes(3).toString("hex").toUpperCase()}`;
}

/** Returns the network that there is to be. */
async function checkVirtualBox(
  vbox: VBoxManage,
  { noVtxCheck, hostonlyCidr }: VirtualBoxOptions,
  name: string,
  isOld: boolean,
): Promise<Network> {
  await checkVersion(vbox, isOld);
  if (!noVtxCheck) await checkVirtualization(vbox);
  const taken = (await listMachines(vbox)).find((one) => one.name === name);
  if (taken !== undefined) {
    throw new MachineError("precheck", `VirtualBox has a virtual machine named ${name} already (${taken.id})`, {
      hint: `choose another name; if it is of no use any more: VBoxManage unregistervm ${taken.id} --delete`,
    });
  }
  return chooseNetwork(hostonlyCidr, await knownNetworks(vbox));
}

/** @throws MachineError `precheck` where VirtualBox is missing, too old, or too old for this computer */
export async function checkVersion(vbox: VBoxManage, isOld: boolean): Promise<Version> {
  const version = await vbox.version();
  if (version.warning !== undefined && trapIn(version.warning) !== undefined) throw expectedFailure(version.warning);
  if (vbox.computer.architecture === "arm64" && (isOld || !isAtLeast(version, 7, 1))) {
    const what = isOld ? "boot2docker does not run on ARM" : `VirtualBox ${version.text} does not run on ARM`;
    throw new MachineError("precheck", what, { hint: "give an image for arm64, and install VirtualBox 7.2 or later" });
  }
  return version;
}

/** @throws MachineError `precheck` where the processor has no virtualization, or it is switched off */
export async function checkVirtualization({ computer, io }: VBoxManage): Promise<void> {
  if (await computer.canVirtualize(io)) return;
  throw new MachineError(
    "precheck",
    "This computer doesn't have VT-X/AMD-v enabled. Enabling it in the BIOS is mandatory",
    { hint: "if this is wrong: --virtualbox-no-vtx-check" },
  );
}

/** @throws MachineError `usage` with all that is wrong */
async function checkOptions(options: VirtualBoxOptions, { env }: Pick<Io, "env">): Promise<void> {
  const problems = [...numbers(options), ...words(options)];
  if (problems.length > 0) throw new MachineError("usage", problems.join("\n"));
  if (options.userdata !== "") await checkUserData(absolutePath(options.userdata, env), "--virtualbox-userdata");
}

function numbers({ memory, diskSize, cpuCount }: VirtualBoxOptions): string[] {
  return [
    ...(memory < 128 ? [`--virtualbox-memory must be at least 128 MB, not ${String(memory)}`] : []),
    ...(diskSize < 1 ? [`--virtualbox-disk-size must be at least 1 MB, not ${String(diskSize)}`] : []),
    ...(cpuCount < -1 || cpuCount > 64 ? [`--virtualbox-cpu-count must be -1 to 64, not ${String(cpuCount)}`] : []),
  ];
}

const adapters = ["virtio", "82540EM", "82543GC", "82545EM", "Am79C970A", "Am79C973", "Am79C960", "usbnet"];

function words(options: VirtualBoxOptions): string[] {
  const { natNictype, hostonlyNictype, hostonlyNicpromisc, uiType, hostonlyCidr, shareFolder, sshUser } = options;
  const oneOf = (flag: string, given: string, known: readonly string[]): string[] =>
    known.includes(given) ? [] : [`--virtualbox-${flag} must be one of ${known.join(", ")}, not "${given}"`];
  return [
    ...oneOf("nat-nictype", natNictype, adapters),
    ...oneOf("hostonly-nictype", hostonlyNictype, adapters),
    ...oneOf("hostonly-nicpromisc", hostonlyNicpromisc, ["deny", "allow-vms", "allow-all"]),
    ...oneOf("ui-type", uiType, ["headless", "gui", "sdl", "separate"]),
    ...(hostonlyCidr === "" || isHostAddress(hostonlyCidr)
      ? []
      : [`--virtualbox-hostonly-cidr must be an address of this computer with its mask, like 192.168.59.1/24`]),
    ...(/^$|^.+:[^/\\:\s][^:\s]*$/.test(shareFolder)
      ? []
      : ["--virtualbox-share-folder must be FOLDER:NAME, with a name that does not begin with a slash"]),
    ...(/^[a-z_][a-z0-9_-]{0,31}$/.test(sshUser)
      ? []
      : [`--virtualbox-ssh-user must be a user's name, not "${sshUser}"`]),
  ];
}

/** Not the network's own address, and with room for machines. */
function isHostAddress(cidr: string): boolean {
  const network = networkOf(cidr);
  return network !== undefined && network.prefix <= 29 && network.prefix >= 8 && network.host !== network.base;
}
