import { defineDriver, enginePort, engineUrl, type Driver, type Snapshots } from "../../src/driver/index.js";
import { thisComputer, type Computer } from "./computer.js";
import { options } from "./options.js";
import { statusOf } from "./parse.js";
import { consoleOf } from "./paths.js";
import { readMachine, stateOf, target, vmOf, type VirtualBoxState } from "./state.js";
import { stepsOn, type Runs } from "./steps.js";
import { infoOf, vboxManage } from "./vboxmanage.js";

/** A virtual machine of VirtualBox on a computer: this one, but for tests. */
export function virtualBoxOn(computer: Computer): Driver {
  const on: Runs = (work) => async (machine, io) => work(vboxManage(io, computer, machine.name), readMachine(machine));
  return defineDriver({
    name: "virtualbox",
    summary: "A virtual machine of VirtualBox on this computer",
    options,
    plan: async (values, machine, io): Promise<VirtualBoxState> =>
      (await import("./plan.js")).plan(values, machine, computer, io),
    doctor: async (values) => (await import("./doctor.js")).checks(values, computer),
    create: stepsOn(on),
    inspect: on(async (vbox, { state }) => ({ status: statusOf(await infoOf(vbox, vmOf(state))) })),
    remove: on(async (vbox, machine) => (await import("./remove.js")).removeVm(vbox, machine)),
    listResources: async (_values, storeId, io) =>
      (await import("./find.js")).findVms(vboxManage(io, computer, ""), storeId),
    access: (saved: VirtualBoxState) => {
      const state = stateOf(saved);
      const [address, port] = [state.IPAddress, enginePort];
      if (address === "") return { docker: "", shell: target(state) };
      return { docker: engineUrl(address), shell: target(state), peer: { address, port } };
    },
    console: ({ dir }) => consoleOf(dir),
    snapshots: snapshotsOn(on),
    start: on(async (vbox, machine) => (await import("./power.js")).startAndWait(vbox, machine)),
    stop: on(async (vbox, machine) => (await import("./power.js")).stopVm(vbox, machine)),
    kill: on(async (vbox, machine) => (await import("./power.js")).killVm(vbox, machine)),
  });
}

export default virtualBoxOn(thisComputer());

function snapshotsOn(on: Runs): Snapshots {
  return {
    list: on(async (vbox, machine) => (await import("./snapshots.js")).listSnapshots(vbox, machine)),
    save: (machine, name, io) =>
      on(async (vbox, its) => (await import("./snapshots.js")).saveSnapshot(vbox, its, name))(machine, io),
    restore: (machine, name, io) =>
      on(async (vbox, its) => (await import("./snapshots.js")).restoreSnapshot(vbox, its, name))(machine, io),
    remove: (machine, name, io) =>
      on(async (vbox, its) => (await import("./snapshots.js")).removeSnapshot(vbox, its, name))(machine, io),
  };
}
