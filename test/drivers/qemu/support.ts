import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { launch } from "../../../drivers/qemu/launch.js";
import { endAll } from "../../../drivers/qemu/power.js";
import { filesOf, type QemuState } from "../../../drivers/qemu/state.js";
import { fakeIo, type FakeIo } from "../../../src/driver/conformance.js";
import type { Machine } from "../../../src/driver/index.js";
import { finish, output } from "../../support/command.js";

export type QemuMachine = Machine<QemuState>;

export const exampleState: QemuState = {
  ...{ IPAddress: "127.0.0.1", MachineName: "vm", SSHUser: "docker", SSHPort: 22_001, SSHKeyPath: "/store/id_rsa" },
  ...{ StorePath: "/store", SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" },
  ...{ MachineId: "0a1b2c3d-1111-4222-8333-444455556666", Architecture: "amd64", ImageURL: "", ImageDigest: "" },
  ...{ CPU: 1, Memory: 256, DiskSize: 1000, UserDataFile: "", ShareFolders: [], Network: "user", NetworkAddress: "" },
  ...{ EnginePort: 22_002, MonitorPort: 0, SSHHostKey: "SHA256:x" },
};

/** Programs and time are real; there is no machine whose shell could be used. */
export function realIo(): FakeIo {
  const fake = fakeIo();
  return {
    ...fake,
    now: Date.now,
    sleep: (ms) => sleep(ms),
    run: async (file, args) => {
      const { code, stdout, stderr } = await finish(file, args);
      if (code === 0) return { code, stdout, stderr };
      const { MachineError } = await import("../../../src/driver/index.js");
      throw new MachineError("failed", `${file} exited with ${String(code)}`, { output: `${stdout}${stderr}` });
    },
  };
}

/** A machine with a disk that nothing is on; its firmware runs and finds nothing to boot. */
export async function bareMachine(
  changes: Partial<QemuState> = {},
  folder = "machine",
): Promise<{
  readonly machine: QemuMachine;
  readonly io: ReturnType<typeof realIo>;
  readonly remove: () => Promise<void>;
}> {
  const store = await mkdtemp(join(tmpdir(), "machine-qemu-"));
  const dir = join(store, folder);
  await mkdir(dir, { recursive: true });
  const state = { ...exampleState, MachineId: crypto.randomUUID(), SSHPort: 0, EnginePort: 0, ...changes };
  const machine = { name: "vm", dir, state };
  await output("qemu-img", ["create", "-q", "-f", "qcow2", filesOf(machine).disk, "64M"]);
  const io = realIo();
  return {
    machine,
    io,
    remove: async () => {
      await endAll(machine, io);
      await rm(store, { recursive: true, force: true });
    },
  };
}

const removals: (() => Promise<void>)[] = [];

/** Ends and removes what {@link launched} has started. */
export async function removeAll(): Promise<void> {
  for (const remove of removals.splice(0)) await remove();
}

/** A bare machine that is started, and does not run until it is told to. */
export async function launched(
  ...given: Parameters<typeof bareMachine>
): Promise<{ readonly machine: QemuMachine; readonly io: ReturnType<typeof realIo> }> {
  const made = await bareMachine(...given);
  removals.push(made.remove);
  const changes = await launch(made.machine, made.io, { isPaused: true });
  return { ...made, machine: { ...made.machine, state: { ...made.machine.state, ...changes } } };
}
