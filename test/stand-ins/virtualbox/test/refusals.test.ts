import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { output } from "../../../support/command.js";
import { type Managed, infoOf, makeBox, withBox } from "./manage.js";

describe("the stand-in refuses in VirtualBox's words, and changes nothing", () => {
  let managed: Managed;
  beforeAll(async () => {
    managed = await makeBox({ version: "7.1.6" });
    await managed.makeVm();
  });
  afterAll(() => managed.box.stop());

  it.each([
    [["nope"], 2, "Invalid command 'nope'"],
    [["list", "nope"], 2, 'Unknown subcommand "nope"'],
    [["list", "vms", "hdds"], 2, "Invalid parameter 'hdds'"],
    [["createvm", "--register"], 2, "Parameter --name is required"],
    [["createvm", "--name"], 2, "--name: RTGetOpt: Command line option needs argument."],
    [["createvm", "--name", "x", "--uuid", "1"], 2, "Invalid argument format: 1"],
    [["createvm", "--name", "m1", "--register"], 1, "m1.vbox' already exists"],
    [["createvm", "--name", "x", "--ostype", "Plan9"], 1, "Unknown or invalid guest OS type given."],
    [["showvminfo", "m2"], 1, "Could not find a registered machine named 'm2'"],
    [["modifyvm", "m1"], 2, "Not enough parameters"],
    [["modifyvm", "m1", "--nope", "1"], 1, "Unknown option: --nope"],
    [["modifyvm", "m1", "--memory", "lots"], 1, "Invalid argument format: lots"],
    [["modifyvm", "m1", "--memory", "1"], 1, "Invalid RAM size: 1 MB"],
    [["modifyvm", "m1", "--acpi", "yes"], 1, "Unknown option: yes"],
    [["modifyvm", "m1", "--memory", "512", "left"], 1, "Invalid parameter 'left'"],
    [["modifyvm", "m1", "--nictype1", "Realtek"], 1, "Invalid NIC type 'Realtek' specified for NIC 1"],
    [["modifyvm", "m1", "--nic2", "wifi"], 1, "Invalid type 'wifi' specfied for NIC 2"],
    [["modifyvm", "m1", "--nic9", "nat"], 0, "Invalid NIC number 9"],
    [["modifyvm", "m1", "--macaddress1", "080027"], 1, "Invalid MAC address format"],
    [["modifyvm", "m1", "--natpf1", "ssh,tcp,22"], 2, "Missing or invalid argument to '--natpf'"],
    [["modifyvm", "m1", "--natpf1", "ssh,icmp,,1,,1"], 1, "Invalid proto 'ssh,icmp,,1,,1' specfied for NIC 1"],
    [
      ["modifyvm", "m1", "--natpf1", "a,tcp,,1,,1", "--natpf1", "a,tcp,,2,,1"],
      1,
      "A NAT rule of this name already exists",
    ],
    [
      ["modifyvm", "m1", "--natpf1", "a,tcp,,1,,1", "--natpf1", "b,tcp,,1,,1"],
      1,
      "A NAT rule for this host port and this host IP",
    ],
    [["storagectl", "m1", "--name", "SATA", "--add", "sata"], 1, "Storage controller named 'SATA' already exists"],
    [["storagectl", "m1", "--name", "B", "--add", "sata"], 1, "Too many storage controllers of this type"],
    [["storagectl", "m1", "--name", "B", "--add", "mfm"], 1, "Invalid --add argument 'mfm'"],
    [["storagectl", "m1", "--name"], 2, "Too few parameters"],
    [["storageattach", "m1", "--storagectl", "B", "--medium", "none"], 1, "Could not find a controller named 'B'"],
    [["storageattach", "m1", "--storagectl", "SATA", "--medium", "none"], 2, "Port not specified"],
    [
      ["storageattach", "m1", "--storagectl", "SATA", "--port", "30", "--medium", "none"],
      1,
      "port=30 (must be in range [0, 29])",
    ],
    [
      ["storageattach", "m1", "--storagectl", "SATA", "--port", "0", "--medium", "/no.vdi"],
      1,
      "Argument --type must be specified",
    ],
    [
      ["storageattach", "m1", "--storagectl", "SATA", "--port", "0", "--type", "hdd", "--medium", "/no.vdi"],
      1,
      "Could not find file for the medium '/no.vdi' (VERR_FILE_NOT_FOUND)",
    ],
    [["controlvm", "m1", "poweroff"], 1, "Machine 'm1' is not currently running."],
    [
      ["discardstate", "m1"],
      1,
      "Cannot discard the saved state as the machine is not in the Saved or AbortedSaved state",
    ],
    [
      ["closemedium", "disk", "6f1d4b2e-0000-4000-8000-000000000000"],
      1,
      "Could not find an open hard disk with UUID {6f1d4b2e-0000-4000-8000-000000000000}",
    ],
    [["hostonlyif", "remove", "vboxnet7"], 1, "The host network interface named 'vboxnet7' could not be found"],
    [["hostonlynet", "add"], 2, "Invalid command 'hostonlynet'"],
    [["dhcpserver", "add", "--ip", "192.168.56.2"], 2, "You need to specify either --network or --interface"],
    [["setextradata", "m1"], 2, "Not enough parameters"],
    [["startvm"], 2, "at least one VM name or uuid required"],
    [["clonevm", "m1"], 99, "(stand-in) not implemented: clonevm"],
  ] as const)("%j ends with %i and: %s", async (args, code, message) => {
    const before = await infoOf(managed.manage);
    const finished = await managed.manage(...args);
    expect(finished.stderr).toContain(`VBoxManage: error: `);
    expect(finished.stderr).toContain(message);
    expect(finished.code).toBe(code);
    expect(await infoOf(managed.manage)).toEqual(before);
  });
});

describe("the stand-in", () => {
  it("prints details and context of an error of the API, and the banner with a wrong command line", async () => {
    await withBox({ version: "7.0.20" }, async ({ manage }) => {
      expect((await manage("showvminfo", "m1")).stderr).toMatch(
        /^VBoxManage: error: Could not find .*\nVBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND \(0x80bb0001\), component VirtualBoxWrap, interface IVirtualBox, callee nsISupports\nVBoxManage: error: Context: "FindMachine\(.*" at line \d+ of file \S+\n$/,
      );
      expect((await manage("createvm")).stderr).toMatch(
        /^Oracle VM VirtualBox Command Line Management Interface Version 7\.0\.20\n/,
      );
    });
  });

  it("changes nothing where one of several options is wrong", async () => {
    await withBox({}, async ({ manage, makeVm }) => {
      await makeVm();
      const before = await infoOf(manage);
      await manage("modifyvm", "m1", "--memory", "2048", "--nic2", "hostonly", "--bogus");
      expect(await infoOf(manage)).toEqual(before);
    });
  });

  it("takes no raw disk and no compressed qcow2 for a hard disk, nor a FAT volume for a DVD", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      const file = (name: string): string => join(box.home, name);
      await writeFile(file("raw.img"), Buffer.alloc(2 ** 20, 7));
      await output("qemu-img", ["convert", "-c", "-f", "raw", "-O", "qcow2", file("raw.img"), file("small.qcow2")]);
      const attach = (type: string, name: string): ReturnType<typeof manage> =>
        manage("storageattach", "m1", "--storagectl", "SATA", "--port", "0", "--type", type, "--medium", file(name));
      for (const [type, name] of [
        ["hdd", "raw.img"],
        ["hdd", "small.qcow2"],
        ["dvddrive", "raw.img"],
      ] as const) {
        const { code, stderr } = await attach(type, name);
        expect(stderr).toContain(`Could not get the storage format of the medium '${file(name)}' (VERR_NOT_SUPPORTED)`);
        expect(stderr).toContain(`Invalid UUID or filename "${file(name)}"`);
        expect(code).toBe(1);
      }
    });
  });
});
