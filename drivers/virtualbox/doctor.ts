import { ok, warning, type Check, type Finding, type Io } from "../../src/driver/index.js";
import { cidrOf, isIn, networkOf, type Network } from "../../src/vm/index.js";
import type { Computer } from "./computer.js";
import { expectedFailure } from "./failure.js";
import { chooseNetwork, hasHostOnlyNets, knownNetworks } from "./network.js";
import type { VirtualBoxOptions } from "./options.js";
import { isAtLeast, type Version } from "./parse.js";
import { checkVersion, checkVirtualization } from "./plan.js";
import { vboxManage, type VBoxManage } from "./vboxmanage.js";

type VBoxCheck = (vbox: VBoxManage, version: Version) => Promise<Finding | undefined>;

export function checks(options: VirtualBoxOptions, computer: Computer): readonly Check[] {
  const { boot2dockerUrl, importBoot2dockerVm, noVtxCheck, hostonlyCidr } = options;
  const isOld = boot2dockerUrl !== "" || importBoot2dockerVm !== "";
  /** Without a VirtualBox that can be used there is nothing to say; the first check says why it cannot. */
  const ifThere = (work: VBoxCheck) => async (io: Io) => {
    const vbox = vboxManage(io, computer, "");
    const version = await vbox.version().catch(() => undefined);
    return version && work(vbox, version);
  };
  return [
    {
      what: "VBoxManage",
      run: async (io) => ok((await checkVersion(vboxManage(io, computer, ""), isOld)).text),
    },
    { what: "kernel module", run: ifThere(checkModule) },
    { what: "virtualization", run: ifThere((vbox, version) => checkProcessor(vbox, version, noVtxCheck)) },
    { what: "host-only network", run: ifThere((vbox, version) => checkNetwork(vbox, version, hostonlyCidr)) },
  ];
}

/** On macOS and Windows the installer sees to it. */
async function checkModule({ computer }: VBoxManage): Promise<Finding | undefined> {
  if (computer.platform !== "linux") return undefined;
  if (await computer.exists("/dev/vboxdrv")) return ok("vboxdrv is loaded");
  // Four bytes of attributes, then whether it is on.
  const secureBoot = await computer.read("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
  throw expectedFailure("VERR_VM_DRIVER_NOT_INSTALLED", secureBoot.endsWith("\x01") ? ", and Secure Boot is on" : "");
}

async function checkProcessor(vbox: VBoxManage, version: Version, noVtxCheck: boolean): Promise<Finding> {
  if (!noVtxCheck) await checkVirtualization(vbox);
  const trap = await trapOfKvm(vbox.computer, version);
  if (trap !== undefined) throw expectedFailure(trap);
  if (!(await hasHyperV(vbox))) return ok("the processor has it, and nobody keeps it from VirtualBox");
  return warning("Hyper-V has it: machines are slow, or do not start", expectedFailure("VERR_NEM_NOT_AVAILABLE").hint);
}

/**
 * From Linux 6.12 on KVM takes the processor's virtualization as soon as it is loaded, unless a parameter says
 * otherwise. VirtualBox wants it for itself; from 7.2.10 on it leaves switching it on to KVM, where that is loaded.
 * @see https://github.com/VirtualBox/virtualbox/issues/81
 * @see https://github.com/VirtualBox/virtualbox/issues/711
 */
async function trapOfKvm(computer: Computer, version: Version): Promise<string | undefined> {
  const loaded = await Promise.all(["kvm_intel", "kvm_amd"].map((name) => computer.exists(`/sys/module/${name}`)));
  if (!loaded.includes(true)) return undefined;
  const atLoad = (await computer.read("/sys/module/kvm/parameters/enable_virt_at_load")).trim();
  const isLeftToKvm = isAtLeast(version, 7, 2, 10);
  if (atLoad === "Y" && !isLeftToKvm) return "VERR_VMX_IN_VMX_ROOT_MODE";
  return atLoad === "N" && isLeftToKvm ? "VERR_VMX_HOST_VMXE_NOT_ENABLED" : undefined;
}

async function hasHyperV({ computer, io }: VBoxManage): Promise<boolean> {
  if (computer.platform !== "win32") return false;
  const command = "(Get-CimInstance Win32_ComputerSystem).HypervisorPresent";
  const { stdout } = await io.run("powershell", ["-NoProfile", "-Command", command]).catch(() => ({ stdout: "" }));
  return stdout.trim() === "True";
}

async function checkNetwork(vbox: VBoxManage, version: Version, cidr: string): Promise<Finding> {
  const network = chooseNetwork(cidr, await knownNetworks(vbox));
  const ranges = await allowedRanges(vbox, version);
  const isAllowed = ({ prefix, base }: Network): boolean =>
    ranges === undefined || ranges.some((range) => range.prefix <= prefix && isIn(range, base));
  if (isAllowed(network)) return ok(`machines get addresses of ${cidrOf(network)}`);
  throw expectedFailure("EnableStaticIPConfig", `: ${cidrOf(network)}`);
}

/** @see https://www.virtualbox.org/manual/topics/networkingdetails.html#network_hostonly */
async function allowedRanges(vbox: VBoxManage, version: Version): Promise<readonly Network[] | undefined> {
  const { computer } = vbox;
  if (computer.platform === "win32" || !isAtLeast(version, 6, 1, 28) || (await hasHostOnlyNets(vbox))) return undefined;
  const lines = (await computer.read("/etc/vbox/networks.conf")).split("\n").filter((line) => line.startsWith("*"));
  const listed = lines.length === 0 ? ["192.168.56.0/21"] : lines.flatMap((line) => line.slice(1).trim().split(/\s+/));
  return listed.flatMap((range) => networkOf(range) ?? []);
}
