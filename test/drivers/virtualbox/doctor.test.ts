import { describe, expect, test } from "vitest";
import { checks } from "../../../drivers/virtualbox/doctor.js";
import type { Computer } from "../../../drivers/virtualbox/computer.js";
import { options, type VirtualBoxOptions } from "../../../drivers/virtualbox/options.js";
import { fakeIo, type Script } from "../../../src/driver/conformance.js";
import { MachineError, resolve } from "../../../src/driver/index.js";
import { said } from "../said.js";
import { computer } from "./computers.js";

interface Case extends Partial<Pick<Computer, "platform" | "canVirtualize">> {
  readonly version?: string;
  /** The files there are; vboxdrv's device is one of them unless it is said otherwise. */
  readonly files?: Readonly<Record<string, string>>;
  readonly script?: Script;
  readonly given?: Partial<VirtualBoxOptions>;
}

const loaded = { "/dev/vboxdrv": "" };
const atLoad = "/sys/module/kvm/parameters/enable_virt_at_load";
const kvm = { "/sys/module/kvm_amd": "", ...loaded };

function doctor({ version = "7.0.20r1", files = loaded, script = {}, given = {}, ...facts }: Case = {}) {
  const on = computer({
    exists: (path) => Promise.resolve(path in files),
    read: (path) => Promise.resolve((files as Record<string, string>)[path] ?? ""),
    ...facts,
  });
  const io = fakeIo({
    ...script,
    "VBoxManage --version": `${version}\n`,
    "VBoxManage list": "",
  });
  return said(checks({ ...resolve(options, []), ...given }, on), io);
}

describe("the doctor of the virtualbox driver", () => {
  test("says nothing more than that all is well where it is", async () => {
    expect(await doctor()).toEqual([
      "ok VBoxManage: 7.0.20r1; ",
      "ok kernel module: vboxdrv is loaded; ",
      "ok virtualization: the processor has it, and nobody keeps it from VirtualBox; ",
      "ok host-only network: machines get addresses of 192.168.59.1/24; ",
    ]);
  });

  test("says once that VirtualBox is missing, or too old", async () => {
    const missing = new MachineError("failed", "VBoxManage is not installed");
    const io = fakeIo({ VBoxManage: missing });
    expect(await said(checks(resolve(options, []), computer()), io)).toEqual([
      expect.stringMatching(/^problem VBoxManage: VBoxManage not found.*; install VirtualBox/),
    ]);
    expect(await doctor({ version: "5.1.38r1" })).toEqual([
      expect.stringMatching(/^problem VBoxManage: VirtualBox 5\.1\.38r1 is too old; install 5\.2/),
    ]);
  });

  test("tells of a kernel module that is not loaded, and of Secure Boot, which keeps it out", async () => {
    expect((await doctor({ files: {} }))[1]).toMatch(
      /^problem kernel module: .*is not loaded; sudo \/sbin\/vboxconfig/,
    );
    const variable = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    expect((await doctor({ files: { [variable]: "\x06\0\0\0\x01" } }))[1]).toMatch(
      /is not loaded, and Secure Boot is on;/,
    );
    expect((await doctor({ files: { [variable]: "\x06\0\0\0\0" } }))[1]).not.toMatch(/Secure Boot is on/);
  });

  test.each([
    ["7.2.8r1", "Y", /^problem virtualization: another hypervisor, most likely KVM.*; .*kvm\.enable_virt_at_load=0/],
    ["7.2.8r1", "N", /^ok virtualization/],
    [
      "7.2.10r1",
      "N",
      /^problem virtualization: .*not switched on by the kernel.*; take kvm\.enable_virt_at_load=0 off/,
    ],
    ["7.2.10r1", "Y", /^ok virtualization/],
    ["7.0.20r1", "", /^ok virtualization/],
  ])("VirtualBox %s beside a KVM that switches virtualization on at load: %s", async (version, value, expected) => {
    expect((await doctor({ version, files: { ...kvm, [atLoad]: `${value}\n` } }))[2]).toMatch(expected);
    expect((await doctor({ version, files: { ...loaded, [atLoad]: `${value}\n` } }))[2]).toMatch(/^ok virtualization/);
  });

  test("tells of virtualization that is switched off, unless the user knows better", async () => {
    const canVirtualize = (): Promise<boolean> => Promise.resolve(false);
    expect((await doctor({ canVirtualize }))[2]).toMatch(/^problem virtualization: .*VT-X\/AMD-v/);
    expect((await doctor({ canVirtualize, given: { noVtxCheck: true } }))[2]).toMatch(/^ok virtualization/);
  });

  test("warns of Hyper-V on Windows, where there is no module to load", async () => {
    const windows = (answer: string) => doctor({ platform: "win32", files: {}, script: { powershell: answer } });
    expect(await windows("True\r\n")).toEqual([
      expect.stringMatching(/^ok VBoxManage/),
      expect.stringMatching(/^warning virtualization: Hyper-V has it.*; switch Hyper-V off/),
      expect.stringMatching(/^ok host-only network/),
    ]);
    expect((await windows("False\r\n"))[1]).toMatch(/^ok virtualization/);
  });

  test("holds the network against networks.conf, or what VirtualBox allows without it", async () => {
    const conf = "/etc/vbox/networks.conf";
    const network = async (files: Case["files"], hostonlyCidr = "", version = "6.1.28r1") =>
      (await doctor({ version, files: { ...loaded, ...files }, given: { hostonlyCidr } }))[3];
    const refused = /^problem host-only network: .*does not allow this address.*: 10\.9\.0\.1\/24; .*networks\.conf/;
    expect(await network({}, "10.9.0.1/24")).toMatch(refused);
    expect(await network({ [conf]: "# ours\n* 10.0.0.0/8 fe80::/10\n" }, "10.9.0.1/24")).toMatch(/^ok/);
    expect(await network({ [conf]: "* 10.0.0.0/8\n" })).toMatch(/^problem .*192\.168\.59\.1\/24; /);
    expect(await network({}, "10.9.0.1/24", "6.1.26r1")).toMatch(/^ok/);
  });
});
