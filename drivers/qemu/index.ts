import { access } from "node:fs/promises";
import { defineDriver, type Io, type Machine, type Snapshots, type Status, type Step } from "../../src/driver/index.js";
import { checkState, enginePort, filesOf, target, type QemuState } from "./state.js";
import { options } from "./options.js";

const getImage: Step<QemuState> = {
  name: "get the image",
  async run(machine, io) {
    const { imageOf } = await import("./steps.js");
    return { ImageDigest: (await imageOf(machine, io)).digest };
  },
};

const makeDisk: Step<QemuState> = {
  name: "make the disk",
  run: async (machine, io) => (await import("./steps.js")).makeDisk(machine, io),
  undo: remove,
};

const startMachine: Step<QemuState> = {
  name: "start the machine",
  async run(machine, io) {
    const [{ endAll }, { launch }] = await Promise.all([import("./power.js"), import("./launch.js")]);
    await endAll(machine, io);
    return launch(machine, io);
  },
  undo: remove,
};

const waitForSsh: Step<QemuState> = {
  name: "wait for ssh",
  run: async (machine, io) => (await import("./boot.js")).bootUp(machine, io),
};

const finishBoot: Step<QemuState> = {
  name: "finish the first boot",
  run: async (machine, io) => (await import("./boot.js")).finishBoot(machine, io),
};

/** A virtual machine by QEMU: on Linux by KVM, on macOS by its own hypervisor, on Windows by WHPX, else emulated. */
export default defineDriver({
  name: "qemu",
  summary: "A virtual machine on this computer, by QEMU",
  options,

  plan: async (values, machine, io) => (await import("./plan.js")).plan(values, machine, io),
  doctor: async () => (await import("./doctor.js")).checks(),
  create: [getImage, makeDisk, startMachine, waitForSsh, finishBoot],

  inspect: async (machine, io) => ({ status: await statusOf(machine, io) }),
  remove,
  access: (state: QemuState) => {
    checkState(state);
    return { docker: `tcp://127.0.0.1:${String(state.EnginePort)}`, enginePort, shell: target(state) };
  },
  console: (machine) => filesOf(machine).console,
  snapshots: {
    list: async (machine, io) => (await snapshots(machine)).list(machine, io),
    save: async (machine, name, io) => (await snapshots(machine)).save(machine, name, io),
    restore: async (machine, name, io) => (await snapshots(machine)).restore(machine, name, io),
    remove: async (machine, name, io) => (await snapshots(machine)).remove(machine, name, io),
  },

  start: async (machine, io) => (await import("./power.js")).start(machine, io),
  stop: async (machine, io) => (await import("./power.js")).stop(machine, io),
  kill: async (machine, io) => (await import("./power.js")).kill(machine, io),
});

async function snapshots({ state }: Machine<QemuState>): Promise<Snapshots<QemuState>> {
  checkState(state);
  return (await import("./snapshots.js")).snapshots;
}

async function remove(machine: Machine<QemuState>, io: Io): Promise<void> {
  checkState(machine.state);
  await (await import("./power.js")).remove(machine, io);
}

async function statusOf(machine: Machine<QemuState>, io: Io): Promise<Status> {
  checkState(machine.state);
  const { processOf, statusByMonitor } = await import("./process.js");
  if ((await processOf(machine, io)) !== undefined) return statusByMonitor(machine);
  return access(filesOf(machine).disk).then(
    () => "stopped",
    () => "missing",
  );
}
