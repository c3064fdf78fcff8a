import { isMachineError, MachineError } from "../../src/driver/index.js";

/** What VirtualBox says, and what to do about it. */
interface Trap {
  readonly said: RegExp;
  /** In place of VirtualBox's own words, where these do not tell. */
  readonly message?: string;
  readonly hint: string;
}

const installed = "install VirtualBox from https://www.virtualbox.org, or choose another driver with -d";

const switchedOff = {
  message: "This computer doesn't have VT-X/AMD-v enabled. Enabling it in the BIOS is mandatory",
  hint: "inside a virtual machine, enable nested virtualization; otherwise choose another driver with -d",
};

const traps: readonly Trap[] = [
  {
    said: /VERR_VMX_IN_VMX_ROOT_MODE|VERR_SVM_IN_USE/,
    message: "another hypervisor, most likely KVM, has taken the processor's virtualization",
    hint: "until the next boot: modprobe -r kvm_intel kvm_amd kvm; for good: kvm.enable_virt_at_load=0 on the kernel's command line",
  },
  {
    said: /VERR_SVM_HOST_SVME_NOT_ENABLED|VERR_VMX_HOST_VMXE_NOT_ENABLED/,
    message: "the processor's virtualization is not switched on by the kernel, which this VirtualBox waits for",
    hint: "take kvm.enable_virt_at_load=0 off the kernel's command line, or modprobe -r kvm_intel kvm_amd kvm",
  },
  {
    // Windows without Hyper-V, which has nothing to do with it then.
    said: /HVP=0|HypervisorPresent is FALSE|disabled in the BIOS|VERR_SVM_DISABLED/i,
    ...switchedOff,
  },
  {
    said: /VERR_NEM_NOT_AVAILABLE|VERR_NEM_VM_CREATE_FAILED|raw-mode is unavailable courtesy of Hyper-V|NO_RAW_MODE_HYPER_V/i,
    message: "Hyper-V has the processor's virtualization, and VirtualBox cannot go through it",
    hint: "switch Hyper-V off (bcdedit /set hypervisorlaunchtype off, and Memory Integrity), then restart Windows",
  },
  {
    said: /VERR_(VMX|SVM)_NO_(VMX|SVM)|VERR_(VMX|SVM)_(MSR_ALL_)?(VMX_)?DISABLED|VERR_NESTED_VIRT|VT-x is (not available|disabled)|AMD-V is (not available|disabled)|does NOT support HW virtualization/i,
    ...switchedOff,
  },
  {
    said: /vboxdrv kernel module is not loaded|rc=-1908|VERR_VM_DRIVER_NOT_INSTALLED|Kernel driver not installed/,
    message: "VirtualBox's kernel module is not loaded",
    hint: "sudo /sbin/vboxconfig (Debian, Ubuntu: apt-get install virtualbox-dkms); with Secure Boot the module must be signed, see mokutil --sb-state; macOS: allow it under Privacy & Security",
  },
  {
    said: /VERR_VM_DRIVER_VERSION_MISMATCH|rc=-1912|VERR_VM_DRIVER_OPEN_ERROR|rc=-1909/,
    message: "VirtualBox's kernel module does not fit this VirtualBox, or may not be opened",
    hint: "sudo /sbin/vboxconfig, or restart this computer after an update of VirtualBox",
  },
  {
    said: /EnableStaticIPConfig|is not within the allowed ranges|networks\.conf/,
    message: "VirtualBox does not allow this address for a host-only network",
    hint: "take one in 192.168.56.0/21 with --virtualbox-hostonly-cidr, or add the network to /etc/vbox/networks.conf",
  },
  {
    said: /\/dev\/vboxnetctl|vboxnetadp|VBoxNetAdpCtl/,
    message: "VirtualBox's module for host-only networks is not loaded",
    hint: "sudo modprobe vboxnetadp, or sudo /sbin/vboxconfig",
  },
  {
    said: /VERR_VM_DRIVER_NOT_ACCESSIBLE|kernel driver is not accessible to the current user/i,
    message: "no permission to use VirtualBox's kernel module",
    hint: "sudo usermod -aG vboxusers $USER, then log in again",
  },
  {
    said: /VERR_SUPLIB_(OWNER_NOT_ROOT|WORLD_WRITABLE|IS_SYMLINK)/,
    hint: "VirtualBox's folders must be owned by root and writable by nobody else: reinstall VirtualBox",
  },
  {
    said: /VERR_INTNET_FLT_IF_NOT_FOUND|Nonexistent host networking interface/,
    hint: "a host-only adapter is disabled or missing: enable it in this computer's network settings, or restart",
  },
  {
    said: /terminated unexpectedly during startup/,
    hint: "see Logs/VBoxHardening.log in the virtual machine's folder; often it is security software, or an outdated VirtualBox",
  },
  {
    said: /Host-only adapters are no longer supported/,
    hint: "the network of this machine is of an older VirtualBox: machine rm it and create it anew",
  },
  {
    said: /UUID .* already exists|because a hard disk .* with UUID|Cannot register the (hard disk|DVD image)/,
    hint: "VirtualBox remembers a disk that is gone: VBoxManage list hdds shows it, VBoxManage closemedium disk UUID forgets it",
  },
  {
    said: /VERR_NET_ADDRESS_IN_USE|VERR_ALREADY_EXISTS.*NAT|failed to (set up|redirect).*port|Address already in use/i,
    hint: "another program has the port of this computer: machine start takes another one",
  },
  {
    said: /VERR_DISK_FULL|No space left on device/,
    hint: "the disk of this computer is full: make room, then try again",
  },
  {
    said: /VERR_NO_MEMORY|VERR_OUT_OF_MEMORY|Out of memory/,
    hint: "give it less with --virtualbox-memory, or end other programs",
  },
  {
    said: /VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED|platform architecture/i,
    hint: "on an ARM computer the image must be for arm64: see --virtualbox-image",
  },
  {
    said: /Machine settings file .* already exists|machine with .*name.* already exists|Registered machine .* already exists/i,
    hint: "choose another name, or remove the virtual machine with VBoxManage unregistervm NAME --delete",
  },
  {
    said: /already locked (for|by) a session|is already locked/,
    hint: "close its window or settings in VirtualBox, then try again",
  },
  {
    said: /RTR3InitEx failed|Failed to (initialize|create) (the )?(COM|XPCOM|VirtualBox object)|VBoxSVC|NS_ERROR_FACTORY_NOT_REGISTERED/,
    hint: "VirtualBox's service does not start: end VBoxSVC, and see that ~/.config/VirtualBox belongs to you",
  },
];

/** The known trap in what VirtualBox has printed or logged. */
export function trapIn(said: string): Pick<Trap, "message" | "hint"> | undefined {
  return traps.find((trap) => trap.said.test(said));
}

/**
 * The error that VirtualBox would end with, where that can be told before.
 * @param code what VirtualBox would say, of the known traps
 * @param more is put behind the message
 */
export function expectedFailure(code: string, more = ""): MachineError {
  const trap = trapIn(code);
  return new MachineError("precheck", `${trap?.message ?? code}${more}`, { hint: trap?.hint });
}

/**
 * The error of a call of VBoxManage in words.
 * @param machine what is said before it: the machine, or nothing
 */
export function failureOf(machine: string, command: string, said: string, cause?: unknown): MachineError {
  const trap = trapIn(said);
  const prefix = machine === "" ? "" : `${machine}: `;
  const message = trap?.message ?? firstError(said) ?? lastLine(said) ?? `VBoxManage ${command} did not work`;
  return new MachineError("failed", `${prefix}${message} (VBoxManage ${command})`, {
    hint: trap?.hint,
    output: said.trim() === "" ? undefined : said.trim(),
    cause,
  });
}

/** @throws MachineError `precheck` in docker-machine's words */
export function notFound(cause: unknown): MachineError {
  const message = "VBoxManage not found. Make sure VirtualBox is installed and VBoxManage is in the path";
  return new MachineError("precheck", message, { hint: installed, cause });
}

function firstError(said: string): string | undefined {
  return /^VBoxManage(?:\.exe)?: error: (.+)$/m.exec(said)?.[1]?.trim();
}

function lastLine(said: string): string | undefined {
  return said.trim().split(/\r?\n/).at(-1) || undefined;
}

/** All that a failed call said. */
export function saidBy(error: unknown): string {
  return isMachineError(error) ? [error.message, error.output ?? ""].join("\n") : "";
}

/** True for the error of a call on a medium that VirtualBox does not know, or whose file is gone. */
export function isGoneMedium(error: unknown): boolean {
  return /VBOX_E_OBJECT_NOT_FOUND|VERR_(FILE|PATH)_NOT_FOUND|Could not find|VBOX_E_FILE_ERROR/.test(saidBy(error));
}
