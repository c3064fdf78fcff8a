import { defineDriver, type Driver, type Io, type Machine, type Status, type Step } from "../../src/driver/index.js";
import { thisComputer, type Computer } from "./computer.js";
import { options } from "./options.js";
import { consoleOf } from "./paths.js";
import { isBoot2Docker, readMachine, stateOf, vmOf, type VirtualBoxState } from "./state.js";
import { target } from "./target.js";
import { infoOf, vboxManage, type VBoxManage } from "./vboxmanage.js";

type Work<T> = (vbox: VBoxManage, machine: Machine<VirtualBoxState>) => Promise<T>;

/** A virtual machine of VirtualBox on a computer: this one, but for tests. */
export function virtualBoxOn(computer: Computer): Driver {
  const on = <T>(work: Work<T>): ((machine: Machine, io: Io) => Promise<T>) => {
    return async (machine, io) => work(vboxManage(io, computer, machine.name), readMachine(machine));
  };
  return defineDriver({
    name: "virtualbox",
    summary: "A virtual machine of VirtualBox on this computer",
    options,
    plan: async (values, machine, io): Promise<VirtualBoxState> =>
      (await import("./plan.js")).plan(values, machine, computer, io),
    create: stepsOn(on),
    inspect: on(async (vbox, { state }) => ({ status: statusOf(await infoOf(vbox, vmOf(state))) })),
    remove: on(async (vbox, machine) => (await import("./remove.js")).removeVm(vbox, machine)),
    find: async (_values, owner, io) => (await import("./find.js")).findVms(vboxManage(io, computer, ""), owner),
    access: (saved: VirtualBoxState) => {
      const state = stateOf(saved);
      return { docker: state.IPAddress === "" ? "" : `tcp://${state.IPAddress}:2376`, shell: target(state) };
    },
    console: ({ dir }) => consoleOf(dir),
    snapshots: {
      list: on(async (vbox, machine) => (await import("./snapshots.js")).listSnapshots(vbox, machine)),
      save: (machine, name, io) =>
        on(async (vbox, its) => (await import("./snapshots.js")).saveSnapshot(vbox, its, name))(machine, io),
      restore: (machine, name, io) =>
        on(async (vbox, its) => (await import("./snapshots.js")).restoreSnapshot(vbox, its, name))(machine, io),
      remove: (machine, name, io) =>
        on(async (vbox, its) => (await import("./snapshots.js")).removeSnapshot(vbox, its, name))(machine, io),
    },
    start: on(async (vbox, machine) => {
      const [{ startVm }, { waitForSsh }] = [await import("./start.js"), await import("./wait.js")];
      const changes = await startVm(vbox, machine);
      const started = { ...machine, state: { ...machine.state, ...changes } };
      await waitForSsh(vbox, started, teller(vbox, machine, "start"));
      return isBoot2Docker(started.state) ? { ...changes, ...(await addressOf(vbox, started)) } : changes;
    }),
    stop: on(async (vbox, machine) => (await import("./power.js")).stopVm(vbox, machine)),
    kill: on(async (vbox, machine) => (await import("./power.js")).killVm(vbox, machine)),
  });
}

export default virtualBoxOn(thisComputer());

/** In the order in which they are gone through. */
function stepsOn(on: <T>(work: Work<T>) => (machine: Machine, io: Io) => Promise<T>): readonly Step<VirtualBoxState>[] {
  const isNew = (state: VirtualBoxState): boolean => !isBoot2Docker(state);
  return [
    {
      name: "get the image",
      run: on(async (vbox, machine) => {
        const tell = teller(vbox, machine, "get the image");
        if (isNew(machine.state)) return (await import("./disk.js")).getImage(machine, vbox.io, tell);
        return (await import("./boot2docker.js")).getIso(vbox, machine, tell);
      }),
    },
    {
      name: "choose a network and an address",
      when: isNew,
      run: on(async (vbox, machine) => (await import("./make-network.js")).chooseAddress(vbox, machine)),
    },
    {
      name: "make the virtual machine",
      run: on(async (vbox, machine) =>
        (await import("./make.js")).makeVm(vbox, machine, teller(vbox, machine, "make the virtual machine")),
      ),
      undo: on(async (vbox, machine) => (await import("./remove.js")).removeVm(vbox, machine)),
    },
    {
      name: "start the virtual machine",
      run: on(async (vbox, machine) => (await import("./start.js")).startVm(vbox, machine)),
    },
    {
      name: "wait for ssh",
      run: on(async (vbox, machine) =>
        (await import("./wait.js")).waitForSsh(vbox, machine, teller(vbox, machine, "wait for ssh")),
      ),
    },
    {
      name: "find the address",
      when: isBoot2Docker,
      run: on(addressOf),
    },
    {
      name: "finish the first boot",
      when: isNew,
      run: on(async (vbox, machine) =>
        (await import("./first-boot.js")).finish(
          vbox,
          machine,
          teller(vbox, machine, "finish the first boot", "notice"),
        ),
      ),
    },
  ];
}

/** Tells lines of a step: its output, or what a person should know in any case. */
function teller(
  { io }: VBoxManage,
  { name }: Machine,
  step: string,
  type: "output" | "notice" = "output",
): (line: string) => void {
  return (line) => {
    io.report({ type, machine: name, step, at: io.now(), line });
  };
}

/** What boot2docker has got by DHCP, which changes. */
async function addressOf(vbox: VBoxManage, machine: Machine<VirtualBoxState>): Promise<Partial<VirtualBoxState>> {
  const { findAddress, shellOf } = await import("./wait.js");
  const tell = teller(vbox, machine, "find the address", "notice");
  const shell = await shellOf(vbox, machine, tell);
  return { IPAddress: await findAddress(vbox, machine, shell) };
}

/** VirtualBox's states in our words; one that is not here passes by, e.g. `snapshotting`. */
const statuses: Readonly<Record<string, Status>> = {
  poweroff: "stopped",
  aborted: "stopped",
  teleported: "stopped",
  saved: "saved",
  "aborted-saved": "saved",
  running: "running",
  livesnapshotting: "running",
  onlinesnapshotting: "running",
  deletingsnapshotlive: "running",
  paused: "paused",
  deletingsnapshotlivepaused: "paused",
  starting: "starting",
  restoring: "starting",
  settingup: "starting",
  stopping: "stopping",
  saving: "stopping",
  gurumeditation: "error",
};

function statusOf(info: ReadonlyMap<string, string> | undefined): Status {
  if (info === undefined) return "missing";
  return info.get("name") === "<inaccessible>" ? "error" : (statuses[info.get("VMState") ?? ""] ?? "stopped");
}
