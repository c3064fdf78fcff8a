import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { virtualBoxOn } from "../../../drivers/virtualbox/index.js";
import { fakeIo, type FakeIo, type Script } from "../../../src/driver/conformance.js";
import { MachineError, type Machine, type Snapshots } from "../../../src/driver/index.js";
import { computer } from "./computers.js";

const vm = "d1f5e7e2-6a51-4b8f-8f0f-5d7a4a0c9f11";
const [first, second] = ["aaaaaaaa-6a51-4b8f-8f0f-5d7a4a0c9f11", "bbbbbbbb-6a51-4b8f-8f0f-5d7a4a0c9f11"];
const snapshots = virtualBoxOn(computer()).snapshots as Snapshots;

/** As VirtualBox 7 writes it; the snapshot that was saved first lies around the later one. */
const settings = `<?xml version="1.0"?>
<VirtualBox xmlns="http://www.virtualbox.org/" version="1.19-linux">
  <Machine uuid="{${vm}}" name="web" currentSnapshot="{${second}}">
    <Snapshot uuid="{${first}}" name="off" timeStamp="2026-11-28T09:00:00Z">
      <Hardware/>
      <Snapshots>
        <Snapshot uuid="{${second}}" name="a &quot;b&quot;" timeStamp="2026-11-28T10:00:00Z" stateFile="Snapshots/2026-11-28T10-00-00-000000000Z.sav">
          <Hardware/>
        </Snapshot>
      </Snapshots>
    </Snapshot>
  </Machine>
</VirtualBox>
`;

describe("snapshots of VirtualBox", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "machine-snapshots-"));
    await writeFile(join(folder, "web.vbox"), settings);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const io = (status: string, more: Script = {}): FakeIo =>
    fakeIo({
      [`VBoxManage showvminfo ${vm}`]: `VMState="${status}"\nCfgFile="${join(folder, "web.vbox")}"\n`,
      [`VBoxManage snapshot ${vm} list`]: `SnapshotName="off"\nSnapshotUUID="${first}"\nSnapshotName-1="a \\"b\\""\nSnapshotUUID-1="${second}"\nCurrentSnapshotName="a"\n`,
      ...more,
      VBoxManage: "",
    });

  test("are told with the time and whether they have memory, by their settings file", async () => {
    expect(await snapshots.list(machine(), io("running"))).toEqual([
      { name: "off", at: Date.UTC(2026, 10, 28, 9), hasMemory: false },
      { name: 'a "b"', at: Date.UTC(2026, 10, 28, 10), hasMemory: true },
    ]);
  });

  test("are none where VirtualBox says so, with whatever exit status", async () => {
    const none = "This machine does not have any snapshots";
    const said = { [`VBoxManage snapshot ${vm} list`]: none };
    expect(await snapshots.list(machine(), io("running", said))).toEqual([]);
    const failed = { [`VBoxManage snapshot ${vm} list`]: new MachineError("failed", "1", { output: none }) };
    expect(await snapshots.list(machine(), io("running", failed))).toEqual([]);
  });

  test("with memory run again when they are brought back; what runs until then loses its power", async () => {
    const calls: string[] = [];
    const stages = ["running", "running", "poweroff", "saved", "saved"];
    const fake = io("running");
    const staged = {
      ...fake,
      run: async (file: string, args: readonly string[]) => {
        if (args[0] === "showvminfo") {
          const result = await io(stages.shift() ?? "running").run(file, args);
          return result;
        }
        calls.push(args.join(" "));
        return fake.run(file, args);
      },
    };
    await snapshots.restore(machine(), 'a "b"', staged);
    expect(calls.filter((line) => !/^(list|--version|modifyvm)/.test(line))).toEqual([
      `snapshot ${vm} list --machinereadable`,
      `controlvm ${vm} poweroff`,
      `snapshot ${vm} restore a "b"`,
      `startvm ${vm} --type headless`,
    ]);
  });

  function machine(): Machine {
    const state = {
      ...{ IPAddress: "192.168.59.10", MachineName: "web", SSHUser: "docker", SSHPort: 0, SSHKeyPath: "" },
      ...{ StorePath: folder, SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "", UUID: vm, ImageURL: "/i" },
    };
    return { name: "web", dir: folder, state };
  }
});
