import { describe, expect, it } from "vitest";
import type { Version } from "../release.js";
import { blocks, infoOf, withBox } from "./manage.js";

const create = ["hostonlyif", "create"] as const;

function address(ip: string): readonly string[] {
  return ["hostonlyif", "ipconfig", "vboxnet0", "--ip", ip, "--netmask", "255.255.255.0"];
}

describe("host-only adapters", () => {
  it("are made, given an address, listed and removed", async () => {
    await withBox({ version: "7.0.20" }, async ({ manage }) => {
      const made = await manage(...create);
      expect(made).toMatchObject({ code: 0, stdout: "Interface 'vboxnet0' was successfully created\n" });
      expect(made.stderr).toBe("0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%\n");
      expect((await manage(...create)).stdout).toContain("'vboxnet1'");
      expect((await manage(...address("192.168.59.1"))).code).toBe(0);
      const [first, second] = blocks((await manage("list", "hostonlyifs")).stdout);
      expect(first).toMatchObject({
        ...{
          Name: "vboxnet0",
          DHCP: "Disabled",
          IPAddress: "192.168.59.1",
          NetworkMask: "255.255.255.0",
          Status: "Up",
        },
        ...{ VBoxNetworkName: "HostInterfaceNetworking-vboxnet0", GUID: "786f6276-656e-4000-8000-0a0027000000" },
      });
      expect(second).toMatchObject({ Name: "vboxnet1", IPAddress: "", Status: "Down" });
      await manage("hostonlyif", "remove", "vboxnet0");
      expect(blocks((await manage("list", "hostonlyifs")).stdout)).toHaveLength(1);
      expect((await manage(...create)).stdout).toContain("'vboxnet0'");
    });
  });

  it.each<[Version, "linux" | "windows", string, number]>([
    ["6.1.26", "linux", "192.168.99.1", 0],
    ["6.1.50", "linux", "192.168.99.1", 1],
    ["7.2.4", "linux", "192.168.99.1", 1],
    ["7.2.4", "linux", "192.168.63.1", 0],
    ["7.2.4", "linux", "192.168.64.1", 1],
    ["7.2.4", "windows", "192.168.99.1", 0],
  ])("of %s on %s take %s with %i", async (version, system, ip, code) => {
    await withBox({ version, system }, async ({ manage }) => {
      const [, name = ""] = /'(.*)'/.exec((await manage(...create)).stdout) ?? [];
      const finished = await manage(...address(ip).with(2, name));
      expect(finished.code).toBe(code);
      expect(finished.stderr.includes("Code E_ACCESSDENIED (0x80070005) - Access denied")).toBe(code === 1);
    });
  });

  it("take what networks.conf allows, and nothing else then", async () => {
    await withBox({ version: "7.1.6" }, async ({ box, manage }) => {
      await box.setRanges("# mine\n* 10.0.0.0/8 192.168.99.0/24\n* fe80::/10\n192.168.56.0/21\n");
      await manage(...create);
      expect((await manage(...address("192.168.99.1"))).code).toBe(0);
      expect((await manage(...address("10.9.8.1"))).code).toBe(0);
      expect((await manage(...address("192.168.56.1"))).code).toBe(1);
    });
  });

  it("cannot be made without the kernel's module, nor on a Mac from 7.0 on", async () => {
    for (const [version, code] of [
      ["6.1.50", 0],
      ["7.0.20", 1],
    ] as const) {
      await withBox({ version, system: "darwin" }, async ({ manage, makeVm }) => {
        const made = await manage(...create);
        expect(made.code).toBe(code);
        if (code === 0) return;
        expect(made.stderr).toContain("Failed to create the host-only adapter");
        expect(made.stderr).toContain("failed to open /dev/vboxnetctl");
        await makeVm();
        await manage("modifyvm", "m1", "--nic2", "hostonly", "--hostonlyadapter2", "vboxnet0");
        expect((await manage("startvm", "m1")).stderr).toContain("Host-only adapters are no longer supported!");
      });
    }
  });

  it("that are not there are warned of, and keep a VM from starting", async () => {
    await withBox({}, async ({ manage, makeVm }) => {
      await makeVm();
      const changed = await manage("modifyvm", "m1", "--nic2", "hostonly", "--hostonlyadapter2", "vboxnet7");
      expect(changed).toMatchObject({
        code: 0,
        stderr: `VBoxManage: warning: Interface "vboxnet7" doesn't seem to exist\n`,
      });
      const started = await manage("startvm", "m1");
      expect(started.code).toBe(1);
      expect(started.stderr).toContain("Nonexistent host networking interface, name 'vboxnet7' (VERR_INTERNAL_ERROR)");
    });
  });
});

describe("host-only networks of a Mac", () => {
  it("are made, listed with an empty line in each, used and removed", async () => {
    await withBox({ version: "7.0.20", system: "darwin" }, async ({ manage, makeVm }) => {
      const range = ["--netmask", "255.255.255.0", "--lower-ip", "192.168.59.1", "--upper-ip", "192.168.59.9"];
      expect((await manage("hostonlynet", "add", "--name", "net")).stderr).toContain(
        "The --netmask parameter must be specified",
      );
      expect((await manage("hostonlynet", "add", "--name", "net", ...range, "--enable")).code).toBe(0);
      expect((await manage("list", "hostonlynets")).stdout).toMatch(
        /^Name: {12}net\nGUID: {12}\S{36}\n\nState: {11}Enabled\nNetworkMask: {5}255\.255\.255\.0\nLowerIP: {9}192\.168\.59\.1\nUpperIP: {9}192\.168\.59\.9\nVBoxNetworkName: hostonly-net\n\n$/,
      );
      await makeVm();
      expect((await manage("modifyvm", "m1", "--nic2", "hostonlynet", "--host-only-net2", "net")).code).toBe(0);
      expect(await infoOf(manage)).toMatchObject({ nic2: "hostonlynetwork", "hostonly-network2": "net" });
      expect((await manage("startvm", "m1")).code).toBe(0);
      await manage("controlvm", "m1", "poweroff");
      await manage("hostonlynet", "remove", "--name", "net");
      expect((await manage("startvm", "m1")).code).toBe(1);
    });
  });
});

describe("DHCP servers", () => {
  it("are added once, changed and removed, by network or by adapter", async () => {
    await withBox({}, async ({ manage }) => {
      await manage(...create);
      const range = [
        "--ip",
        "192.168.59.2",
        "--netmask",
        "255.255.255.0",
        "--lowerip",
        "192.168.59.100",
        "--upperip",
        "192.168.59.254",
      ];
      expect((await manage("dhcpserver", "add", "--ifname", "vboxnet0", ...range, "--enable")).code).toBe(0);
      const again = await manage("dhcpserver", "add", "--netname", "HostInterfaceNetworking-vboxnet0", ...range);
      expect(again.stderr).toBe("VBoxManage: error: DHCP server already exists\n");
      await manage("dhcpserver", "modify", "--interface", "vboxnet0", "--lower-ip", "192.168.59.101", "--disable");
      expect(blocks((await manage("list", "dhcpservers")).stdout)[0]).toMatchObject({
        ...{
          NetworkName: "HostInterfaceNetworking-vboxnet0",
          "Dhcpd IP": "192.168.59.2",
          LowerIPAddress: "192.168.59.101",
        },
        ...{ UpperIPAddress: "192.168.59.254", NetworkMask: "255.255.255.0", Enabled: "No" },
      });
      expect((await manage("dhcpserver", "remove", "--netname", "HostInterfaceNetworking-vboxnet0")).code).toBe(0);
      expect((await manage("dhcpserver", "remove", "--interface", "vboxnet0")).stderr).toContain(
        "Failed to find DHCP server for host-only interface 'vboxnet0'",
      );
    });
  });
});
