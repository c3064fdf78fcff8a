import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Version, versions } from "../release.js";
import { type Managed, blocks, infoOf, makeBox, withBox } from "./manage.js";

const news = [
  [["createvm", "--name", "x", "--platform-architecture", "x86"], "7.1.6"],
  [["modifyvm", "m1", "--x86-pae", "on"], "7.1.6"],
  [["modifyvm", "m1", "--firmware-boot-menu", "disabled"], "7.1.6"],
  [["modifyvm", "m1", "--chipset", "armv8virtual"], "7.1.6"],
  [["modifyvm", "m1", "--graphicscontroller", "qemuramfb"], "7.1.6"],
  [["modifyvm", "m1", "--nat-pf1", "a,tcp,,1,,2"], "7.0.0"],
  [["modifyvm", "m1", "--audio-enabled", "off"], "7.0.0"],
  [["modifyvm", "m1", "--nat-localhostreachable1", "on"], "7.0.0"],
  [["guestproperty", "enumerate", "m1", "--old-format"], "7.0.0"],
] as const;

/** What docker-machine and vagrant have always said. */
const old = [
  ...["--firmware", "bios", "--bioslogofadein", "off", "--bioslogofadeout", "off", "--bioslogodisplaytime", "0"],
  ...["--biosbootmenu", "disabled", "--ostype", "Linux26_64", "--cpus", "2", "--memory", "1536", "--acpi", "on"],
  ...["--ioapic", "on", "--rtcuseutc", "on", "--natdnshostresolver1", "off", "--natdnsproxy1", "on"],
  ...["--cpuhotplug", "off", "--pae", "on", "--hpet", "on", "--hwvirtex", "on", "--nestedpaging", "on"],
  ...["--largepages", "on", "--vtxvpid", "on", "--accelerate3d", "off", "--boot1", "dvd", "--nic2", "hostonly"],
  ...["--nictype2", "82540EM", "--nicpromisc2", "deny", "--cableconnected2", "on"],
];

describe.each(versions.map((each) => [each]))("VirtualBox %s", (version) => {
  let managed: Managed;
  beforeAll(async () => {
    managed = await makeBox({ version });
    await managed.makeVm();
  });
  afterAll(() => managed.box.stop());

  it("says which it is, and lists nothing at first", async () => {
    await withBox({ version }, async ({ manage }) => {
      const { stdout } = await manage("--version");
      expect(stdout).toMatch(new RegExp(`^${version.replaceAll(".", "\\.")}r\\d{6}\n$`));
      for (const what of ["vms", "runningvms", "hostonlyifs", "dhcpservers", "hdds", "dvds"]) {
        expect(await manage("list", what)).toEqual({ stdout: "", stderr: "", code: 0 });
      }
    });
  });

  it("takes what docker-machine and vagrant have always said", async () => {
    expect(await managed.manage("modifyvm", "m1", ...old)).toMatchObject({ code: 0, stderr: "" });
    expect(await infoOf(managed.manage)).toMatchObject({
      ...{ bootmenu: "disabled", memory: "1536", hpet: "on", boot1: "dvd", nic2: "hostonly" },
    });
  });

  it.each(news)("and %j, which came with %s", async (args, since) => {
    const isKnown = versions.indexOf(version) >= versions.indexOf(since);
    expect((await managed.manage(...args)).code === 0).toBe(isKnown);
  });
});

describe("the versions of VirtualBox differ:", () => {
  it.each([
    ["6.1.50", [false, false]],
    ["7.0.20", [true, false]],
    ["7.1.6", [true, true]],
  ] as const)("showvminfo of %s tells of encryption and architecture: %j", async (version, told) => {
    await withBox({ version }, async ({ manage, makeVm }) => {
      await makeVm();
      const info = await infoOf(manage);
      expect(["encryption" in info, "platformArchitecture" in info]).toEqual(told);
    });
  });

  it.each<[Version, number]>([
    ["6.1.50", 2],
    ["7.0.0", 0],
    ["7.0.20", 2],
  ])("%s shows two forwards as %i", async (version, shown) => {
    await withBox({ version }, async ({ manage, makeVm }) => {
      await makeVm();
      await manage("modifyvm", "m1", "--natpf1", "a,tcp,,1,,2");
      expect(await infoOf(manage)).toMatchObject({ "Forwarding(0)": "a,tcp,,1,,2" });
      await manage("modifyvm", "m1", "--natpf1", "b,tcp,,3,,4");
      expect(Object.keys(await infoOf(manage)).filter((key) => key.startsWith("Forwarding"))).toHaveLength(shown);
    });
  });

  it.each<[Version, string]>([
    ["6.1.50", ""],
    ["7.0.20", "VBoxManage: warning: --audio is deprecated"],
  ])("%s warns of --audio with: %s", async (version, warning) => {
    await withBox({ version }, async ({ manage, makeVm }) => {
      await makeVm();
      const { stderr, code } = await manage("modifyvm", "m1", "--audio", "none");
      expect([stderr.startsWith(warning), stderr === "", code]).toEqual([true, warning === "", 0]);
    });
  });

  it("a computer with ARM makes VMs for ARM, which know nothing of a PC", async () => {
    await withBox({ version: "7.2.4", system: "darwin", architecture: "arm" }, async ({ manage, makeVm }) => {
      expect((await manage("createvm", "--name", "m1", "--ostype", "Debian_arm64", "--register")).code).toBe(0);
      expect(await infoOf(manage)).toMatchObject({ platformArchitecture: "ARM", chipset: "armv8virtual" });
      expect(await infoOf(manage)).not.toHaveProperty("pae");
      expect((await manage("modifyvm", "m1", "--pae", "on")).code).toBe(1);
      expect((await manage("startvm", "m1")).code).toBe(0);
      await manage("controlvm", "m1", "poweroff");
      await manage("unregistervm", "m1", "--delete");
      await makeVm();
      expect((await manage("startvm", "m1")).stderr).toContain("VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED");
    });
  });

  it("on Windows the program, the adapters and the results have other names", async () => {
    await withBox({ system: "windows" }, async ({ manage }) => {
      expect((await manage("hostonlyif", "create")).stdout).toBe(
        "Interface 'VirtualBox Host-Only Ethernet Adapter' was successfully created\n",
      );
      expect((await manage("hostonlyif", "create")).stdout).toContain("'VirtualBox Host-Only Ethernet Adapter #2'");
      const second = blocks((await manage("list", "hostonlyifs")).stdout)[1];
      expect(second?.["VBoxNetworkName"]).toBe("HostInterfaceNetworking-VirtualBox Host-Only Ethernet Adapter #2");
      const { stderr } = await manage("hostonlyif", "remove", "vboxnet0");
      expect(stderr).toMatch(
        /^VBoxManage\.exe: error: .*\nVBoxManage\.exe: error: Details: code E_INVALIDARG .* callee IUnknown\n/,
      );
    });
  });
});
