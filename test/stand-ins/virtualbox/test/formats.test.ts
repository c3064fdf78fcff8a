import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { finish, output } from "../../../support/command.js";
import { blocks, infoOf, withBox } from "./manage.js";

/** A minimal ISO 9660: its only sector that matters. */
function iso(): Buffer {
  const bytes = Buffer.alloc(18 * 2048);
  bytes.write("\x01CD001", 16 * 2048, "latin1");
  return bytes;
}

describe("the stand-in answers in VirtualBox's formats:", () => {
  it("a new VM has id and settings file, and is listed", async () => {
    await withBox({}, async ({ box, manage }) => {
      const { stdout } = await manage("createvm", "--name", "m 1", "--basefolder", join(box.home, "b"), "--register");
      const [, uuid = "", file = ""] =
        /^Virtual machine 'm 1' is created and registered\.\nUUID: (\S{36})\nSettings file: '(.+)'\n$/.exec(stdout) ??
        [];
      expect(file).toBe(join(box.home, "b", "m 1", "m 1.vbox"));
      expect(await readFile(file, "utf8")).toContain(`<Machine uuid="{${uuid}}" name="m 1"`);
      expect((await manage("list", "vms")).stdout).toBe(`"m 1" {${uuid}}\n`);
      expect(await infoOf(manage, uuid)).toMatchObject({ name: "m 1", UUID: uuid, CfgFile: file, VMState: "poweroff" });
    });
  });

  it("what modifyvm sets is in showvminfo, in either spelling", async () => {
    await withBox({ version: "7.0.20" }, async ({ manage, makeVm }) => {
      await makeVm();
      await manage("modifyvm", "m1", "--memory=1536", "--cpus", "2", "--nic-type2", "virtio", "--nic2", "hostonly");
      await manage(
        "modifyvm",
        "m1",
        "--mac-address2",
        "0800271234aB",
        "--natpf1",
        "a,tcp,127.0.0.1,1,,2",
        "--nat-pf1",
        "b,udp,,3,,4",
      );
      await manage(
        "modifyvm",
        "m1",
        "--uart1",
        "0x3F8",
        "4",
        "--uartmode1",
        "file",
        '/a "b".log',
        "--cableconnected2",
        "off",
      );
      expect(await infoOf(manage)).toMatchObject({
        ...{
          memory: "1536",
          cpus: "2",
          nic1: "nat",
          nic2: "hostonly",
          nictype2: "virtio",
          macaddress2: "0800271234AB",
        },
        ...{ "Forwarding(0)": "a,tcp,127.0.0.1,1,,2", "Forwarding(1)": "b,udp,,3,,4", cableconnected2: "off" },
        ...{ uart1: "0x03f8,4", uartmode1: 'file,/a "b".log' },
      });
      await manage("modifyvm", "m1", "--natpf1", "delete", "a");
      expect(await infoOf(manage)).toMatchObject({ "Forwarding(0)": "b,udp,,3,,4" });
    });
  });

  it("disks and DVDs have their format, size and users", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      const [vdi, vmdk, dvd] = [join(box.home, "a.vdi"), join(box.home, "b.vmdk"), join(box.home, "c.iso")];
      const created = await manage("createmedium", "disk", "--filename", vdi, "--size", "64");
      const [, uuid = ""] = /^Medium created\. UUID: (\S{36})\n$/.exec(created.stdout) ?? [];
      expect((await manage("clonemedium", vdi, vmdk, "--format", "VMDK")).stdout).toMatch(
        /^Clone medium created in format 'VMDK'\. UUID: /,
      );
      expect(await output("qemu-img", ["info", vmdk])).toContain("file format: vmdk");
      await writeFile(dvd, iso());
      const place = ["storageattach", "m1", "--storagectl", "SATA", "--port"];
      expect((await manage(...place, "0", "--type", "hdd", "--medium", vdi)).code).toBe(0);
      expect((await manage(...place, "1", "--type", "dvddrive", "--medium", dvd)).code).toBe(0);
      expect(blocks((await manage("list", "hdds")).stdout)[0]).toMatchObject({
        ...{ UUID: uuid, State: "created", Location: vdi, "Storage format": "VDI", Capacity: "64 MBytes" },
      });
      expect((await manage("showmediuminfo", vdi)).stdout).toMatch(/^In use by VMs: {2}m1 \(UUID: /m);
      expect(await infoOf(manage)).toMatchObject({ "SATA-0-0": vdi, "SATA-ImageUUID-0-0": uuid, "SATA-1-0": dvd });
      await manage(...place, "1", "--medium", "emptydrive");
      expect(await infoOf(manage)).toMatchObject({ "SATA-1-0": "emptydrive" });
      await manage(...place, "1", "--medium", "none");
      expect(await infoOf(manage)).toMatchObject({ "SATA-1-0": "none" });
    });
  });

  it("raw data on stdin becomes a disk, of just so many bytes", async () => {
    await withBox({}, async ({ box, manage }) => {
      const [from, to] = [Buffer.alloc(2 ** 20, "machine"), join(box.home, "a.vdi")];
      const args = ["convertfromraw", "stdin", to, String(from.length), "--format", "VDI"];
      const env = { ...process.env, ...box.env };
      expect((await finish(box.path, args, { env, input: from.toString("latin1") })).code).toBe(0);
      await output("qemu-img", ["convert", "-O", "raw", to, `${to}.raw`]);
      expect(from.equals(await readFile(`${to}.raw`))).toBe(true);
      expect((await manage("showmediuminfo", to)).stdout).toContain("Storage format: VDI\n");
      const short = await finish(box.path, args.with(2, `${to}.vdi`), { env, input: "too little" });
      expect(short.code).toBe(1);
    });
  });

  it("extra data and guest properties", async () => {
    await withBox({ version: "6.1.50" }, async ({ manage, makeVm }) => {
      await makeVm();
      expect((await manage("getextradata", "m1", "a/b")).stdout).toBe("No value set!\n");
      await manage("setextradata", "m1", "a/b", "c d");
      expect((await manage("getextradata", "m1", "a/b")).stdout).toBe("Value: c d\n");
      expect((await manage("getextradata", "m1", "enumerate")).stdout).toBe("Key: a/b, Value: c d\n");
      await manage("setextradata", "m1", "a/b");
      expect((await manage("getextradata", "m1")).stdout).toBe("");
      expect((await manage("guestproperty", "get", "m1", "/x")).stdout).toBe("No value set!\n");
      await manage("guestproperty", "set", "m1", "/x", "1");
      expect((await manage("guestproperty", "get", "m1", "/x")).stdout).toBe("Value: 1\n");
      expect((await manage("guestproperty", "enumerate", "m1")).stdout).toMatch(
        /^Name: \/x, value: 1, timestamp: \d+, flags: \n$/,
      );
      const waited = await manage(
        "guestproperty",
        "wait",
        "m1",
        "/VirtualBox/*",
        "--timeout",
        "50",
        "--fail-on-timeout",
      );
      expect(waited.code).toBe(2);
    });
  });

  it("snapshots, and what the disk was", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      const disk = join(box.home, "a.vdi");
      await manage("createmedium", "--filename", disk, "--size", "64");
      await manage("storageattach", "m1", "--storagectl", "SATA", "--port", "0", "--type", "hdd", "--medium", disk);
      expect((await manage("snapshot", "m1", "list")).code).toBe(1);
      const taken = await manage("snapshot", "m1", "take", "first");
      expect(taken.stdout).toMatch(/^Snapshot taken\. UUID: \S{36}\n$/);
      const before = await readFile(disk);
      await output("qemu-io", ["-f", "vdi", "-c", "write -P 7 0 4096", disk]);
      await manage("modifyvm", "m1", "--memory", "777");
      await manage("snapshot", "m1", "take", "second", "--description", "later");
      expect((await manage("snapshot", "m1", "list", "--machinereadable")).stdout.split("\n")).toEqual([
        'SnapshotName="first"',
        expect.stringMatching(/^SnapshotUUID=/),
        'SnapshotName-1="second"',
        expect.stringMatching(/^SnapshotUUID-1=/),
        'SnapshotDescription-1="later"',
        'CurrentSnapshotName="second"',
        expect.stringMatching(/^CurrentSnapshotUUID=/),
        "",
      ]);
      expect((await manage("snapshot", "m1", "restore", "first")).code).toBe(0);
      expect(before.equals(await readFile(disk))).toBe(true);
      expect(await infoOf(manage)).toMatchObject({ memory: "128", CurrentSnapshotName: "first" });
      await manage("snapshot", "m1", "delete", "first");
      expect((await manage("snapshot", "m1", "restore", "first")).stderr).toContain(
        "Could not find a snapshot named 'first'",
      );
    });
  });

  it("every call is logged with what it was answered", async () => {
    await withBox({}, async ({ box, manage }) => {
      await manage("--version");
      await manage("showvminfo", "m1");
      const calls = await box.calls();
      expect(calls.map(({ args, code }) => [args, code])).toEqual([
        [["--version"], 0],
        [["showvminfo", "m1"], 1],
      ]);
      expect(calls[0]?.stdout).toBe("7.2.4r170995\n");
      expect(calls[1]?.stderr).toContain("Could not find");
    });
  });
});
