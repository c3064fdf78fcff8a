import {
  defineDriver,
  enginePort,
  engineUrl,
  sshTarget,
  type Machine,
  type Snapshots,
} from "../../src/driver/index.js";
import { checkState, filesOf, type QemuState } from "./state.js";
import { options } from "./options.js";
import { steps } from "./steps.js";

/** A virtual machine by QEMU: on Linux by KVM, on macOS by its own hypervisor, on Windows by WHPX, else emulated. */
export default defineDriver({
  name: "qemu",
  summary: "A virtual machine on this computer, by QEMU",
  options,

  plan: async (values, machine, io) => (await import("./plan.js")).plan(values, machine, io),
  doctor: async () => (await import("./doctor.js")).checks(),
  create: steps,

  inspect: async (machine, io) => ({ status: await (await import("./process.js")).statusOf(machine, io) }),
  remove: async (machine, io) => (await import("./remove.js")).remove(machine, io),
  access: (state: QemuState) => {
    checkState(state);
    // Only on a network `socket` is it known: on others somebody else gives the address, or each machine is alone.
    const [address = ""] = state.NetworkAddress.split("/");
    return {
      docker: engineUrl("127.0.0.1", state.EnginePort),
      enginePort,
      shell: sshTarget(state, state.SSHHostKey),
      ...(address === "" ? {} : { peer: { address, port: enginePort } }),
    };
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
