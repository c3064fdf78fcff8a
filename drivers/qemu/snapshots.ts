import { MachineError, poll, type Io, type Machine, type Snapshot, type Snapshots } from "../../src/driver/index.js";
import { diskNode } from "./command-line.js";
import { launch } from "./launch.js";
import { endAll, kill } from "./power.js";
import { filesOf, type QemuState } from "./state.js";
import { monitorOf } from "./monitor.js";
import { processOf } from "./process.js";
import { ask } from "./qmp.js";

/** They are kept in the machine's disk, those of a running machine with its memory. */
export const snapshots: Snapshots<QemuState> = {
  list,

  async save(machine, name, io) {
    if ((await list(machine, io)).some((one) => one.name === name)) {
      throw new MachineError("exists", `${machine.name} has a snapshot "${name}" already`, {
        hint: `choose another name, or remove it: machine snapshot ${machine.name} rm ${name}`,
      });
    }
    if ((await processOf(machine, io)) === undefined) {
      await image(machine, io, "-c", name);
    } else {
      await job(machine, io, "snapshot-save", name);
    }
  },

  async restore(machine, name, io) {
    const { hasMemory } = await find(machine, name, io);
    if (!hasMemory) {
      await kill(machine, io);
      await image(machine, io, "-a", name);
      return undefined;
    }
    const isUp = (await processOf(machine, io)) !== undefined;
    const changes = isUp ? undefined : await launch(machine, io, { isPaused: true });
    try {
      await job(machine, io, "snapshot-load", name);
    } catch (error) {
      if (!isUp) await endAll(machine, io);
      throw error;
    }
    await ask(monitorOf(machine), "cont");
    return changes;
  },

  async remove(machine, name, io) {
    await find(machine, name, io);
    if ((await processOf(machine, io)) === undefined) await image(machine, io, "-d", name);
    else await job(machine, io, "snapshot-delete", name);
  },
};

interface Saved {
  readonly name: string;
  readonly "date-sec": number;
  readonly "date-nsec": number;
  readonly "vm-state-size": number;
}

async function list(machine: Machine<QemuState>, io: Io): Promise<readonly Snapshot[]> {
  // A running machine has the disk locked.
  const { stdout } = await io.run("qemu-img", ["info", "--output=json", "-U", filesOf(machine).disk]);
  const { snapshots = [] } = JSON.parse(stdout) as { readonly snapshots?: readonly Saved[] };
  const at = (one: Saved): number => one["date-sec"] * 1_000 + Math.floor(one["date-nsec"] / 1e6);
  return snapshots
    .map((one) => ({ name: one.name, at: at(one), hasMemory: one["vm-state-size"] > 0 }))
    .sort((one, other) => one.at - other.at);
}

async function find(machine: Machine<QemuState>, name: string, io: Io): Promise<Snapshot> {
  const found = (await list(machine, io)).find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new MachineError("not-found", `${machine.name} has no snapshot "${name}"`, {
    hint: `machine snapshot ${machine.name} ls`,
  });
}

async function image(machine: Machine<QemuState>, io: Io, what: "-c" | "-a" | "-d", name: string): Promise<void> {
  await io.run("qemu-img", ["snapshot", what, name, filesOf(machine).disk]);
}

/** Runs a job of QEMU's to its end. */
async function job(
  machine: Machine<QemuState>,
  io: Io,
  command: "snapshot-save" | "snapshot-load" | "snapshot-delete",
  tag: string,
): Promise<void> {
  const monitor = monitorOf(machine);
  const id = `${command}-${crypto.randomUUID().slice(0, 8)}`;
  const memory = command === "snapshot-delete" ? {} : { vmstate: diskNode };
  await ask(monitor, command, { "job-id": id, tag, devices: [diskNode], ...memory });
  const done = await poll(io, `${command} of ${machine.name}`, { every: 250, limit: 600_000 }, async () => {
    // While memory is written nothing else is done.
    const jobs = (await ask(monitor, "query-jobs", {}, 600_000)) as readonly Job[];
    return jobs.find((one) => one.id === id && one.status === "concluded");
  });
  await ask(monitor, "job-dismiss", { id });
  if (done.error === undefined) return;
  throw new MachineError("failed", `${machine.name}: qemu cannot ${command.replace("-", " ")}: ${done.error}`, {
    hint: /VirtFS|migration is disabled/i.test(done.error)
      ? "a machine with shared folders keeps its memory to itself: stop it first"
      : undefined,
  });
}

interface Job {
  readonly id: string;
  readonly status: string;
  readonly error?: string;
}
