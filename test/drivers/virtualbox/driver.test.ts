import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { networkOf } from "../../../src/vm/index.js";
import type { Computer } from "../../../drivers/virtualbox/computer.js";
import { virtualBoxOn } from "../../../drivers/virtualbox/index.js";
import { driverChecks, fakeIo, type Script } from "../../../src/driver/conformance.js";
import { isMachineError, MachineError, resolve, type DriverState } from "../../../src/driver/index.js";
import { computer } from "./computers.js";

const noVm = new MachineError("failed", "VBoxManage showvminfo exited with status 1", {
  output:
    "VBoxManage: error: Could not find a registered machine with UUID {d1f5e7e2-6a51-4b8f-8f0f-5d7a4a0c9f11}\n" +
    "VBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001), component VirtualBoxWrap, interface IVirtualBox",
});
const empty: Script = {
  "VBoxManage --version": "7.1.6r167084\n",
  "VBoxManage list": "",
  "VBoxManage showvminfo": noVm,
};
const driver = virtualBoxOn(computer());

describe("the virtualbox driver", () => {
  const refused = [
    { options: { memory: 1 }, error: /--virtualbox-memory must be at least 128 MB/ },
    { options: { cpuCount: 100 }, error: /--virtualbox-cpu-count must be -1 to 64/ },
    { options: { natNictype: "e1000" }, error: /--virtualbox-nat-nictype must be one of virtio/ },
    { options: { hostonlyNicpromisc: "x" }, error: /--virtualbox-hostonly-nicpromisc must be one of deny/ },
    {
      options: { hostonlyCidr: "192.168.59.0/24" },
      error: /--virtualbox-hostonly-cidr must be an address of this computer/,
    },
    { options: { shareFolder: "/srv" }, error: /--virtualbox-share-folder must be FOLDER:NAME/ },
    { options: { sshUser: "a b" }, error: /--virtualbox-ssh-user must be a user's name/ },
    { options: { userdata: "/nowhere" }, error: /unable to read --virtualbox-userdata file: \/nowhere/ },
    { options: { image: "no-such-image" }, error: /there is no image "no-such-image"/ },
    { options: { imageDigest: "md5:1" }, error: /is no digest/ },
  ];
  const options = { memory: 1024, cpuCount: 2, hostonlyCidr: "192.168.60.1/24", noShare: true };
  for (const { name, run } of driverChecks(driver, { options, refused, gone: empty })) test(name, run);
  for (const { name, run } of driverChecks(driver, {
    options: { boot2dockerUrl: "/b2d.iso" },
    refused: [],
    gone: empty,
  }))
    test(`${name}, with boot2docker`, run);

  test("saves docker-machine's members in its order, then its own", async () => {
    const golden = JSON.parse(readFileSync(join(import.meta.dirname, "docker-machine.json"), "utf8")) as DriverState;
    const state = await planned(computer(), empty);
    expect(Object.keys(state).slice(0, Object.keys(golden).length)).toEqual(Object.keys(golden));
    expect(state).toMatchObject({ VBoxManager: {}, HostInterfaces: {}, SSHUser: "docker", DNSProxy: true });
  });

  test("reads a machine that docker-machine made, whose name VirtualBox knows it by", async () => {
    const golden = JSON.parse(readFileSync(join(import.meta.dirname, "docker-machine.json"), "utf8")) as DriverState;
    expect(driver.access(golden)).toEqual({
      docker: "tcp://192.168.99.100:2376",
      shell: { kind: "ssh", host: "127.0.0.1", port: 45_933, user: "docker", keyPath: golden.SSHKeyPath },
      peer: { address: "192.168.99.100", port: 2376 },
    });
    const io = fakeIo({ "VBoxManage showvminfo fa-vb --machinereadable": 'name="fa-vb"\nVMState="aborted-saved"\n' });
    expect(await driver.inspect({ name: "fa-vb", dir: "/m", state: golden }, io)).toEqual({ status: "saved" });
  });

  test("says of a config.json that somebody has spoilt which member it is", async () => {
    const golden = JSON.parse(readFileSync(join(import.meta.dirname, "docker-machine.json"), "utf8")) as DriverState;
    expect(() => driver.access({ ...golden, IPAddress: { a: 1 } } as unknown as DriverState)).toThrow(
      /Driver.IPAddress in its config.json must be an IPv4 address/,
    );
    const state = { ...golden, UUID: "../x" } as DriverState;
    await expect(driver.inspect({ name: "fa-vb", dir: "/m", state }, fakeIo())).rejects.toThrow(/must be a UUID/);
  });

  test.each([
    ["running", "running"],
    ["poweroff", "stopped"],
    ["aborted", "stopped"],
    ["saved", "saved"],
    ["paused", "paused"],
    ["starting", "starting"],
    ["stopping", "stopping"],
    ["gurumeditation", "error"],
  ])("calls VirtualBox's %s %s", async (theirs, ours) => {
    const io = fakeIo({ "VBoxManage showvminfo": `VMState="${theirs}"\n` });
    const state = await planned(computer(), empty);
    expect(await driver.inspect({ name: "web-1", dir: "/m", state }, io)).toEqual({ status: ours });
  });
});

describe("before anything is made, virtualbox", () => {
  test("says in docker-machine's words that there is no VirtualBox", async () => {
    const io = { "VBoxManage --version": new MachineError("failed", "VBoxManage is not installed") };
    expect(await failure(computer(), io)).toMatch(/^precheck: VBoxManage not found\. .*\(install VirtualBox/);
  });

  test.each([
    ["4.3.40r110317", /precheck: VirtualBox 4.3.40r110317 is too old/],
    ["WARNING: The vboxdrv kernel module is not loaded.\n", /precheck: VirtualBox "WARNING.*" is too old/],
  ])("refuses version %s", async (version, error) => {
    expect(await failure(computer(), { "VBoxManage --version": version })).toMatch(error);
  });

  test("looks whether virtualization is switched on, unless it must not", async () => {
    const without = computer({ canVirtualize: () => Promise.resolve(false) });
    expect(await failure(without, empty)).toMatch(/precheck: This computer doesn't have VT-X.*no-vtx-check/);
    expect(await planned(without, empty, { noVtxCheck: true })).toMatchObject({ NoVTXCheck: true });
  });

  test("refuses a name that a virtual machine has already, whoever made it", async () => {
    const taken = { ...empty, "VBoxManage list": '"web-1" {d1f5e7e2-6a51-4b8f-8f0f-5d7a4a0c9f11}\n' };
    const script = { "VBoxManage list vms": taken["VBoxManage list"], ...empty };
    expect(await failure(computer(), script)).toMatch(
      /has a virtual machine named web-1 already.*unregistervm d1f5e7e2/,
    );
  });

  test("refuses a network that is in use on this computer, and names by what", async () => {
    const own = [networkOf("192.168.60.7/24")].flatMap((one) => one ?? []);
    const busy = computer({ networks: () => own });
    expect(await failure(busy, empty, { hostonlyCidr: "192.168.60.1/24" })).toMatch(
      /precheck: the network of 192.168.60.1\/24 overlaps the interface with 192.168.60.7\/24/,
    );
  });

  test("needs VirtualBox 7.1 and an image on an ARM computer", async () => {
    const arm = computer({ architecture: "arm64", platform: "darwin" });
    expect(await failure(arm, { ...empty, "VBoxManage --version": "7.0.20r163906" })).toMatch(/does not run on ARM/);
    expect(await failure(arm, empty, { boot2dockerUrl: "/b2d.iso" })).toMatch(/boot2docker does not run on ARM/);
    expect(await planned(arm, empty)).toHaveProperty("ImageURL", expect.stringContaining("arm64"));
  });
});

async function planned(
  on: Computer,
  script: Script,
  given: Readonly<Record<string, unknown>> = {},
): Promise<DriverState> {
  const common = {
    ...{ IPAddress: "", MachineName: "web-1", SSHUser: "", SSHPort: 0, SSHKeyPath: "", StorePath: "/store" },
    ...{ SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" },
  };
  const values = resolve(driver.options, [given], driver.name);
  const machine = { name: "web-1", dir: "/store/machines/web-1", common, storeId: () => Promise.resolve("owner") };
  return virtualBoxOn(on).plan(values, machine, fakeIo(script));
}

async function failure(...given: Parameters<typeof planned>): Promise<string> {
  const error = await planned(...given).catch((thrown: unknown) => thrown);
  if (!isMachineError(error)) throw new Error("it was planned");
  return `${error.code}: ${error.message} (${error.hint ?? ""})`;
}
