import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isMachineError, type Io, type MachineError, type Snapshots } from "../../src/driver/index.js";
import type { Trial } from "../drivers/virtualbox/on-stand-in.js";
import { ask, expectNothing, freshTrials, stateOf, statusOf } from "../drivers/virtualbox/trials.js";

const fresh = freshTrials();

/** A machine that has booted once. */
async function made(...facts: Parameters<typeof fresh>): Promise<Trial> {
  const one = await fresh(...facts);
  await one.create();
  return one;
}

async function failure(work: Promise<unknown>): Promise<MachineError> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!isMachineError(error)) throw new Error("it did not fail");
  return error;
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
    expect(one.lines).toContainEqual({ type: "notice", line: expect.stringContaining("power is cut") as string });
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
    const find = async (owner: string) => (await one.driver.listResources?.({}, owner, one.io)) ?? [];
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
