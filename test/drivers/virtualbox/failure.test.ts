import { describe, expect, test } from "vitest";
import { failureOf } from "../../../drivers/virtualbox/failure.js";
import { findVms } from "../../../drivers/virtualbox/find.js";
import { statusOf } from "../../../drivers/virtualbox/parse.js";
import { endVm } from "../../../drivers/virtualbox/remove.js";
import { infoOf, vboxManage } from "../../../drivers/virtualbox/vboxmanage.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { isMachineError, MachineError, type Io } from "../../../src/driver/index.js";
import { computer } from "./computers.js";

/** As VirtualBox prints them: what was said, and what must be said of it. */
const traps: readonly (readonly [what: string, said: string, message: RegExp, hint: RegExp])[] = [
  [
    "KVM holds VT-x",
    "VBoxManage: error: VirtualBox can't operate in VMX root mode. Please disable the KVM kernel extension, recompile your kernel and reboot (VERR_VMX_IN_VMX_ROOT_MODE)\nVBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component ConsoleWrap, interface IConsole",
    /another hypervisor, most likely KVM/,
    /modprobe -r kvm_intel.*kvm\.enable_virt_at_load=0/,
  ],
  [
    "KVM holds AMD-V",
    "VBoxManage: error: VirtualBox can't enable the AMD-V extension. Please disable the KVM kernel extension, recompile your kernel and reboot (VERR_SVM_IN_USE)",
    /another hypervisor, most likely KVM/,
    /modprobe -r/,
  ],
  [
    "the kernel has not switched AMD-V on",
    "VBoxManage: error: AMD-V is not enabled (VERR_SVM_HOST_SVME_NOT_ENABLED)",
    /not switched on by the kernel/,
    /take kvm\.enable_virt_at_load=0 off/,
  ],
  [
    "Hyper-V",
    "VBoxManage.exe: error: Failed to get NEM capabilities (VERR_NEM_NOT_AVAILABLE).\nVBoxManage.exe: error: VT-x is not available (VERR_VMX_NO_VMX)",
    /Hyper-V has the processor's virtualization/,
    /bcdedit/,
  ],
  [
    "Hyper-V, as VirtualBox 7 says it",
    "VBoxManage.exe: error: Raw-mode is unavailable courtesy of Hyper-V. (VERR_SUPDRV_NO_RAW_MODE_HYPER_V_ROOT)",
    /Hyper-V has the processor's virtualization/,
    /bcdedit/,
  ],
  [
    "VT-x switched off in the BIOS of a Windows computer",
    "VBoxManage.exe: error: Not in a hypervisor partition (HVP=0) (VERR_NEM_NOT_AVAILABLE).\nVBoxManage.exe: error: VT-x is disabled in the BIOS for all CPU modes (VERR_VMX_MSR_ALL_VMX_DISABLED)",
    /doesn't have VT-X/,
    /nested virtualization/,
  ],
  [
    "AMD-V switched off in the BIOS of a Windows computer",
    "VBoxManage.exe: error: WHvCapabilityCodeHypervisorPresent is FALSE! Make sure you have enabled the 'Windows Hypervisor Platform' feature. (VERR_NEM_NOT_AVAILABLE).\nVBoxManage.exe: error: AMD-V is disabled in the BIOS (or by the host OS) (VERR_SVM_DISABLED)",
    /doesn't have VT-X/,
    /nested virtualization/,
  ],
  [
    "a user who may not use the driver",
    "VBoxManage: error: The VirtualBox kernel driver is not accessible to the current user. Make sure that the user has write permissions for /dev/vboxdrv (VERR_VM_DRIVER_NOT_ACCESSIBLE)",
    /no permission to use VirtualBox's kernel module/,
    /vboxusers/,
  ],
  [
    "an adapter that is switched off",
    "VBoxManage: error: Failed to open/create the internal network 'HostInterfaceNetworking-vboxnet0' (VERR_INTNET_FLT_IF_NOT_FOUND).",
    /internal network/,
    /disabled or missing/,
  ],
  [
    "no VT-x",
    "VBoxManage: error: VT-x is not available (VERR_VMX_NO_VMX)\nVBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component ConsoleWrap, interface IConsole",
    /doesn't have VT-X/,
    /nested virtualization/,
  ],
  [
    "vboxdrv is missing",
    "VBoxManage: error: The virtual machine 'web' has terminated unexpectedly during startup with exit code 1 (0x1)\nRTR3InitEx failed with rc=-1908 (rc=-1908)\nThe VirtualBox Linux kernel driver is either not loaded or not set up correctly.",
    /kernel module is not loaded/,
    /vboxconfig.*Secure Boot.*mokutil/,
  ],
  [
    "the version of vboxdrv is another",
    "VBoxManage: error: The VirtualBox support driver which is running is from a different version of VirtualBox. (VERR_VM_DRIVER_VERSION_MISMATCH)",
    /does not fit this VirtualBox/,
    /restart this computer/,
  ],
  [
    "networks.conf",
    'VBoxManage: error: Code E_ACCESSDENIED (0x80070005) - Access denied (extended info not available)\nVBoxManage: error: Context: "EnableStaticIPConfig(Bstr(pszIp).raw(), Bstr(pszNetmask).raw())" at line 242 of file VBoxManageHostonly.cpp',
    /does not allow this address/,
    /networks\.conf/,
  ],
  [
    "vboxnetadp is missing",
    "0%...\nProgress state: NS_ERROR_FAILURE\nVBoxManage: error: Failed to create the host-only adapter\nVBoxManage: error: VBoxNetAdpCtl: Error while adding new interface: failed to open /dev/vboxnetctl: No such file or directory",
    /module for host-only networks is not loaded/,
    /vboxnetadp/,
  ],
  [
    "host-only adapters are gone on a Mac",
    "VBoxManage: error: Host-only adapters are no longer supported! For more information on the replacement, see the manual.",
    /no longer supported/,
    /older VirtualBox/,
  ],
  [
    "a disk is remembered",
    "VBoxManage: error: Cannot register the hard disk '/m/disk.vdi' {d1f5e7e2-6a51-4b8f-8f0f-5d7a4a0c9f11} because a hard disk '/old/disk.vdi' with UUID {d1f5e7e2-6a51-4b8f-8f0f-5d7a4a0c9f11} already exists",
    /Cannot register the hard disk/,
    /closemedium disk UUID/,
  ],
  [
    "the port is taken",
    "VBoxManage: error: Failed to set up port forwarding: VERR_NET_ADDRESS_IN_USE",
    /port forwarding/,
    /another program has the port/,
  ],
  [
    "an x86 machine on ARM",
    "VBoxManage: error: Cannot run the machine because its platform architecture x86 is not supported on ARM\nVBoxManage: error: Details: code VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED (0x80bb0012)",
    /platform architecture/,
    /must be for arm64/,
  ],
];

describe("VirtualBox's words", () => {
  test.each(traps)("for %s are told with what to do", (_what, said, message, hint) => {
    const error = failureOf("web", "startvm", said);
    expect(error.message).toMatch(/^web: /);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.output).toBe(said);
  });

  test("that are not known are told as they are", () => {
    const error = failureOf("web", "modifyvm", "VBoxManage: error: Something new\nVBoxManage: error: Details: code 1");
    expect(error).toMatchObject({ message: "web: Something new (VBoxManage modifyvm)", hint: undefined });
    expect(failureOf("", "list", "").message).toBe("VBoxManage list did not work (VBoxManage list)");
  });
});

describe("VBoxManage", () => {
  const locked = "VBoxManage: error: The machine 'web' is already locked for a session (or being locked or unlocked)";
  const notReady = "VBoxManage: error: The object is not ready";

  test.each([locked, notReady])("is asked again while it says %j", async (said) => {
    const { io, count } = failing(3, said);
    expect(await vboxManage(io, computer(), "web").run("startvm", "web")).toBe("done");
    expect(count()).toBe(4);
  });

  test("is given up after ten seconds", async () => {
    const { io, count } = failing(1_000, locked);
    const error = await vboxManage(io, computer(), "web")
      .run("startvm", "web")
      .catch((thrown: unknown) => thrown);
    expect(isMachineError(error) && error.hint).toMatch(/close its window/);
    expect(count()).toBe(21);
  });

  test("is not asked again after another error", async () => {
    const { io, count } = failing(1_000, "VBoxManage: error: VT-x is not available (VERR_VMX_NO_VMX)");
    await expect(vboxManage(io, computer(), "web").run("startvm", "web")).rejects.toThrow(/VT-X/);
    expect(count()).toBe(1);
  });

  test("has failed when it prints an error, whatever its exit status; a warning is none", async () => {
    const warning = { stdout: "fine", stderr: "VBoxManage: warning: Guest Additions error: none" };
    const io = fakeIo({ "VBoxManage warn": warning, "VBoxManage fail": { stderr: "VBoxManage.exe: error: No" } });
    const vbox = vboxManage(io, computer(), "web");
    expect(await vbox.run("warn")).toBe("fine");
    await expect(vbox.run("fail")).rejects.toThrow("web: No (VBoxManage fail)");
  });

  test("is run in no language but its own", async () => {
    const seen: unknown[] = [];
    const io: Io = {
      ...fakeIo(),
      run: (_file, _args, options) => {
        seen.push(options?.env);
        return Promise.resolve({ stdout: "", stderr: "", code: 0 });
      },
    };
    await vboxManage(io, computer(), "").run("list", "vms");
    expect(seen).toEqual([{ LANG: "C", LC_ALL: "C", LANGUAGE: undefined }]);
  });

  test.each([
    ["win32", { VBOX_MSI_INSTALL_PATH: "D:\\vb\\" }, "D:\\vb\\VBoxManage.exe"],
    ["win32", { ProgramFiles: "C:\\Program Files" }, "C:\\Program Files\\Oracle\\VirtualBox\\VBoxManage.exe"],
    ["darwin", { PATH: "/usr/bin:/opt/bin" }, "/opt/bin/VBoxManage"],
    ["darwin", { PATH: "/usr/bin" }, "/Applications/VirtualBox.app/Contents/MacOS/VBoxManage"],
    ["darwin", {}, "VBoxManage"],
    ["linux", { PATH: "/opt/bin" }, "VBoxManage"],
  ])("is found on %s with %j: %s", async (platform, env, path) => {
    const io = fakeIo({ [path]: "" }, env);
    const exists = (one: string): Promise<boolean> => Promise.resolve(one === path);
    await vboxManage(io, computer({ platform, exists }), "").run("--version");
    expect(io.calls).toEqual([`${path} --version`]);
  });
});

function failing(times: number, said: string): { readonly io: Io; readonly count: () => number } {
  let count = 0;
  const run = (): Promise<{ stdout: string; stderr: string; code: number }> => {
    count += 1;
    return count > times
      ? Promise.resolve({ stdout: "done", stderr: "", code: 0 })
      : Promise.reject(new MachineError("failed", "VBoxManage exited with status 1", { output: said }));
  };
  return { io: { ...fakeIo(), run }, count: () => count };
}

describe("a virtual machine whose settings cannot be read", () => {
  const said =
    "VBoxManage: error: The object functionality is limited\n" +
    "VBoxManage: error: Details: code E_ACCESSDENIED (0x80070005), component MachineWrap, interface IMachine";
  const refused = new MachineError("failed", "VBoxManage exited with status 1", { output: said });
  const other = "6f0a1f4e-5d31-4a44-9a0b-000000000001";

  test("is passed over at once where it is another program's", async () => {
    const io = fakeIo({ "VBoxManage list vms": `"other" {${other}}\n`, "VBoxManage getextradata": refused });
    const before = io.now();
    expect(await findVms(vboxManage(io, computer(), ""), "owner")).toEqual([]);
    expect(io.now()).toBe(before);
  });

  test("has an error for a status, and is unregistered without its files", async () => {
    const io = fakeIo({ "VBoxManage showvminfo": refused, "VBoxManage unregistervm": "" });
    const vbox = vboxManage(io, computer(), "web");
    expect(statusOf(await infoOf(vbox, "web"))).toBe("error");
    await endVm(vbox, "web");
    expect(io.calls.at(-1)).toBe("VBoxManage unregistervm web");
  });
});
