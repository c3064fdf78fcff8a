import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { VirtualBoxState } from "../../drivers/virtualbox/state.js";
import { isMachineError, type Io, type MachineError, type Snapshots } from "../../src/driver/index.js";
import { isoImage } from "../../src/vm/seed/iso.js";
import { trial, type Trial } from "../drivers/virtualbox/on-stand-in.js";
import { finish } from "../support/command.js";

const open: Trial[] = [];
let folder: string | undefined;
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.end()));
});

async function fresh(...[release, on, given, exec]: Partial<Parameters<typeof trial>>): Promise<Trial> {
  const one = await trial(release ?? {}, on ?? {}, { noShare: true, ...given }, exec);
  open.push(one);
  return one;
}

/** A machine that has booted once. */
async function made(...facts: Parameters<typeof fresh>): Promise<Trial> {
  const one = await fresh(...facts);
  await one.create();
  return one;
}

async function ask({ vb }: Trial, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await finish(vb.path, args, { env: { ...process.env, ...vb.env } });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const statusOf = async ({ driver, machine, io }: Trial): Promise<string> =>
  (await driver.inspect(machine(), io)).status;
const stateOf = ({ machine }: Trial): VirtualBoxState => machine().state as VirtualBoxState;

async function failure(work: Promise<unknown>): Promise<MachineError> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!isMachineError(error)) throw new Error("it did not fail");
  return error;
}

async function expectNothing(one: Trial): Promise<void> {
  for (const what of ["vms", "hdds", "dvds"]) expect(await ask(one, "list", what)).toBe("");
  expect(existsSync(join(one.dir, "web"))).toBe(false);
}

describe("a machine of VirtualBox", () => {
  test("goes through its states by its verbs", async () => {
    const one = await made();
    expect(await statusOf(one)).toBe("running");
    await ask(one, "controlvm", "web", "pause");
    expect(await statusOf(one)).toBe("paused");
    await one.does("start");
    expect(await statusOf(one)).toBe("running");
    await one.does("kill");
    expect(await statusOf(one)).toBe("stopped");
    await one.does("start");
    await one.does("stop");
    expect(await statusOf(one)).toBe("stopped");
  });

  test("whose memory is saved wakes up with it, is not stopped, and loses it when killed", async () => {
    const one = await made();
    await ask(one, "controlvm", "web", "savestate");
    expect(await statusOf(one)).toBe("saved");
    expect((await failure(one.does("stop"))).hint).toMatch(/machine start web wakes it up/);
    await one.does("start");
    expect(await statusOf(one)).toBe("running");
    await ask(one, "controlvm", "web", "savestate");
    await one.does("kill");
    expect(await statusOf(one)).toBe("stopped");
  });

  test("keeps its address and its port, and takes another port where that one is taken", async () => {
    const one = await made();
    const { IPAddress, SSHPort } = stateOf(one);
    await one.does("stop");
    await one.does("start");
    expect(stateOf(one)).toMatchObject({ IPAddress, SSHPort });
    await one.does("stop");
    const server = createServer().listen(SSHPort, "127.0.0.1");
    await one.does("start");
    server.close();
    expect(stateOf(one).SSHPort).not.toBe(SSHPort);
    const info = await ask(one, "showvminfo", "web", "--machinereadable");
    expect(info.match(/^Forwarding\(.*/gm)).toEqual([
      `Forwarding(0)="ssh,tcp,127.0.0.1,${String(stateOf(one).SSHPort)},,22"`,
    ]);
  });

  test("that does not care about its power button has its power cut", async () => {
    const one = await made();
    await one.vb.setFaults({ kind: "button-ignored", times: 2 });
    await one.does("stop");
    expect(await statusOf(one)).toBe("stopped");
    expect(one.events()).toContainEqual(
      expect.objectContaining({ type: "notice", line: expect.stringContaining("power is cut") as string }),
    );
  });

  test("that was removed behind our back is missing, and can be removed", async () => {
    const one = await made();
    await ask(one, "controlvm", "web", "poweroff");
    await ask(one, "unregistervm", "web", "--delete");
    expect(await statusOf(one)).toBe("missing");
    expect((await failure(one.does("start"))).code).toBe("not-found");
    await one.driver.remove(one.machine(), one.io);
    await expectNothing(one);
  });

  test("that was renamed is still found", async () => {
    const one = await made();
    await one.does("stop");
    await ask(one, "modifyvm", "web", "--name", "mine");
    expect(await statusOf(one)).toBe("stopped");
    await one.driver.remove(one.machine(), one.io);
    expect(await ask(one, "list", "vms")).toBe("");
  });

  test("is found by its mark, and only by that of its store, and ended by it", async () => {
    const one = await made();
    await ask(one, "createvm", "--name", "somebody's", "--register");
    const find = async (owner: string) => (await one.driver.find?.({}, owner, one.io)) ?? [];
    expect(await find("store-2")).toEqual([]);
    const [found, ...others] = await find("store-1");
    expect([found?.machine, found?.id, others.length]).toEqual(["web", stateOf(one).UUID, 0]);
    await found?.remove(one.io);
    expect(await ask(one, "list", "vms")).toMatch(/^"somebody's" \{.*\}\n$/);
  });

  test("has no seed and no secret but its user's key on the disk after its first boot", async () => {
    const one = await made();
    const names = await readdir(one.dir);
    expect(names.sort()).toEqual(["addresses.json", "disk.vdi", "id_rsa", "id_rsa.pub", "ports.json", "web"]);
    const key = await readFile(join(one.dir, "id_rsa"), "utf8");
    expect(JSON.stringify([one.machine().state, await one.vb.calls()])).not.toContain(key.split("\n")[1]);
  });

  test("shares the folder that was asked for", async () => {
    const exists = (): Promise<boolean> => Promise.resolve(true);
    const one = await made({}, { exists, platform: "linux" }, { noShare: false, shareFolder: "/tmp:src" });
    const info = await ask(one, "showvminfo", "web", "--machinereadable");
    expect(info).toContain('SharedFolderNameMachineMapping1="src"\nSharedFolderPathMachineMapping1="/tmp"');
  });
});

describe("snapshots of VirtualBox", () => {
  test("are saved, listed, brought back and removed", async () => {
    const one = await made();
    const snapshots = one.driver.snapshots as Snapshots;
    const [machine, io] = [one.machine(), one.io];
    await one.does("stop");
    await snapshots.save(machine, "first", io);
    expect((await failure(snapshots.save(machine, "first", io))).code).toBe("exists");
    await one.does("start");
    await snapshots.save(machine, "second", io);
    expect((await snapshots.list(machine, io)).map(({ name }) => name)).toEqual(["first", "second"]);
    await snapshots.restore(machine, "first", io);
    expect(await statusOf(one)).toBe("stopped");
    await snapshots.restore(machine, "second", io);
    expect(await statusOf(one)).toBe("running");
    await one.does("stop");
    await snapshots.remove(machine, "first", io);
    expect((await snapshots.list(machine, io)).map(({ name }) => name)).toEqual(["second"]);
    const error = await failure(snapshots.restore(machine, "first", io));
    expect([error.code, error.hint]).toEqual(["not-found", "it has second"]);
    await one.driver.remove(machine, io);
    await expectNothing(one);
  });
});

describe("where VirtualBox is in trouble, a create", () => {
  test("goes on when it is not ready or somebody else has the machine's session", async () => {
    const one = await fresh();
    await one.vb.setFaults({ kind: "not-ready", times: 5 }, { kind: "locked", of: "modifyvm", times: 3 });
    await one.create();
    expect(await statusOf(one)).toBe("running");
  });

  test("fails where an error is printed with status 0, and leaves nothing when it is undone", async () => {
    const one = await fresh();
    await one.vb.setFaults({ kind: "error-with-success", of: "startvm", times: 1 });
    expect((await failure(one.create())).message).toMatch(/^web: .*\(VBoxManage startvm\)$/);
    for (const step of [...one.driver.create].reverse()) await step.undo?.(one.machine(), one.io);
    await expectNothing(one);
  });

  test("finds the adapter that was made by a call that failed", async () => {
    const one = await fresh();
    await one.vb.setFaults({ kind: "create-fails-though-created", times: 1 });
    await one.create();
    expect((await ask(one, "list", "hostonlyifs")).match(/^IPAddress:.*/gm)).toEqual(["IPAddress:       192.168.59.1"]);
  });

  test("gives an adapter its address back that it has lost", async () => {
    const one = await fresh();
    await one.vb.setFaults({ kind: "adapter-loses-address", of: "startvm", times: 1 });
    await one.create();
    expect((await ask(one, "list", "hostonlyifs")).match(/^IPAddress:.*/gm)).toEqual(["IPAddress:       192.168.59.1"]);
  });

  test("says which line of networks.conf allows an address, and leaves no adapter behind", async () => {
    const one = await fresh({}, {}, { hostonlyCidr: "10.20.0.1/16" });
    const error = await failure(one.create());
    expect(error.hint).toContain('"* 10.20.0.0/16" to /etc/vbox/networks.conf');
    expect(await ask(one, "list", "hostonlyifs")).toBe("");
    await one.vb.setRanges("* 10.20.0.0/16 192.168.56.0/21\n");
    await one.create();
    expect(stateOf(one).IPAddress).toMatch(/^10\.20\./);
  });

  test("keeps clear of what a DHCP server gives away", async () => {
    const one = await fresh();
    await ask(one, "hostonlyif", "create");
    await ask(one, "hostonlyif", "ipconfig", "vboxnet0", "--ip", "192.168.59.1", "--netmask", "255.255.255.0");
    const range = [
      "--ip",
      "192.168.59.2",
      "--netmask",
      "255.255.255.0",
      "--lowerip",
      "192.168.59.5",
      "--upperip",
      "192.168.59.253",
    ];
    await ask(one, "dhcpserver", "add", "--netname", "HostInterfaceNetworking-vboxnet0", ...range, "--enable");
    await one.create();
    expect(stateOf(one).IPAddress).toBe("192.168.59.254");
  });

  test("that was cut off at any call goes on, and its machine is removed whole", async () => {
    for (let cut = 1; cut <= 22; cut += 4) {
      const one = await fresh();
      await expect(one.create(cutOff(one.io, cut, true))).rejects.toThrow("cut off");
      await one.create();
      expect(await statusOf(one)).toBe("running");
      await one.driver.remove(one.machine(), one.io);
      await expectNothing(one);
    }
  });

  test("that was cut off at any call is removed whole", async () => {
    for (let cut = 2; cut <= 22; cut += 4) {
      const one = await fresh();
      await expect(one.create(cutOff(one.io, cut, false))).rejects.toThrow("cut off");
      await one.driver.remove(one.machine(), one.io);
      await expectNothing(one);
    }
  });
});

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

/** As a power cut leaves it: nothing is run after that many calls. @param isLate the last one is run, but not heard of */
function cutOff(io: Io, calls: number, isLate: boolean): Io {
  let count = 0;
  return {
    ...io,
    run: async (...args) => {
      count += 1;
      if (count < calls) return io.run(...args);
      if (count === calls && isLate) await io.run(...args).catch(() => undefined);
      throw new Error("cut off");
    },
  };
}

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
  folder ??= await mkdtemp(join(tmpdir(), "machine-iso-"));
  const iso = join(folder, "boot2docker.iso");
  await writeFile(iso, isoImage("boot2docker", []));
  const given = { boot2dockerUrl: `file://${iso}`, diskSize: 8 };
  const one = await fresh({}, {}, given, exec);
  holder.one = one;
  await one.create();
  return one;
}
