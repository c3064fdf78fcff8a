import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isoImage } from "../../src/vm/seed/iso.js";
import type { Trial } from "../drivers/virtualbox/on-stand-in.js";
import { ask, expectNothing, freshTrials, stateOf, statusOf } from "../drivers/virtualbox/trials.js";

const fresh = freshTrials();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "machine-iso-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a machine with boot2docker", () => {
  test("is made as docker-machine makes it, and has the address that DHCP gave it", async () => {
    const one = await withBoot2Docker();
    const asked = await one.asked();
    expect(asked.filter((line) => !/^(--version|list|showvminfo|setextradata \$VM machine)/.test(line))).toEqual([
      "convertfromraw $M/disk.vmdk.raw $M/disk.vmdk --format VMDK",
      "createvm --basefolder $M --name web --uuid $VM --register",
      "modifyvm $VM --firmware bios --bioslogofadein off --bioslogofadeout off --bioslogodisplaytime 0 --biosbootmenu disabled --ostype Linux26_64 --cpus 1 --memory 2048 --acpi on --ioapic on --rtcuseutc on --natdnshostresolver1 off --natdnsproxy1 on --cpuhotplug off --pae on --hpet on --hwvirtex on --nestedpaging on --largepages on --vtxvpid on --accelerate3d off --boot1 dvd",
      "modifyvm $VM --nic1 nat --nictype1 virtio --cableconnected1 on",
      "storagectl $VM --name SATA --add sata --hostiocache on",
      "storageattach $VM --storagectl SATA --port 0 --device 0 --type dvddrive --medium $M/boot2docker.iso",
      "storageattach $VM --storagectl SATA --port 1 --device 0 --type hdd --medium $M/disk.vmdk",
      "guestproperty set $VM /VirtualBox/GuestAdd/SharedFolders/MountPrefix /",
      "guestproperty set $VM /VirtualBox/GuestAdd/SharedFolders/MountDir /",
      "hostonlyif create",
      "hostonlyif ipconfig vboxnet0 --ip 192.168.59.1 --netmask 255.255.255.0",
      "dhcpserver add --netname HostInterfaceNetworking-vboxnet0 --ip 192.168.59.2 --netmask 255.255.255.0 --lowerip 192.168.59.100 --upperip 192.168.59.254 --enable",
      "modifyvm $VM --nic2 hostonly --nictype2 virtio --nicpromisc2 deny --hostonlyadapter2 vboxnet0 --cableconnected2 on",
      "modifyvm $VM --natpf1 ssh,tcp,127.0.0.1,$PORT,,22",
      "startvm $VM --type headless",
    ]);
    expect(stateOf(one).IPAddress).toBe("192.168.59.101");
    expect(await readdir(one.dir)).not.toContain("disk.vmdk.raw");
    await one.driver.remove(one.machine(), one.io);
    await expectNothing(one);
  });

  test("that docker-machine made works with what its store says, by its name", async () => {
    const one = await withBoot2Docker();
    one.forget(
      "UUID",
      "Owner",
      "ImageURL",
      "ImageDigest",
      "UserDataFile",
      "SSHHostKey",
      "NatMAC",
      "HostOnlyMAC",
      "HostOnlyNetwork",
      "IPAddress",
    );
    expect(await statusOf(one)).toBe("running");
    await one.does("stop");
    await one.does("start");
    expect(stateOf(one)).toMatchObject({
      IPAddress: "192.168.59.101",
      UUID: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    await one.does("kill");
    expect(await statusOf(one)).toBe("stopped");
    await one.driver.remove(one.machine(), one.io);
    await expectNothing(one);
  });
});

/** With a shell that shows the second adapter's address. */
async function withBoot2Docker(): Promise<Trial> {
  const holder: { one?: Trial } = {};
  const exec = async (command: string) => {
    if (command !== "ip addr show" || holder.one === undefined) return { stdout: "", stderr: "", code: 0 };
    const info = await ask(holder.one, "showvminfo", "web", "--machinereadable");
    const mac = (/^macaddress2="(.*)"/m.exec(info)?.[1] ?? "").match(/../g)?.join(":").toLowerCase() ?? "";
    const stdout = `2: eth0: <UP>\n    link/ether 08:00:27:00:00:01 brd ff\n    inet 10.0.2.15/24\n3: eth1: <UP>\n    link/ether ${mac} brd ff\n    inet 192.168.59.101/24 brd\n`;
    return { stdout, stderr: "", code: 0 };
  };
  const iso = join(folder, "boot2docker.iso");
  await writeFile(iso, isoImage("boot2docker", []));
  const given = { boot2dockerUrl: `file://${iso}`, diskSize: 8 };
  const one = await fresh({}, {}, given, exec);
  holder.one = one;
  await one.create();
  return one;
}
