import { kill as sendSignal } from "node:process";
import { isMachineError, MachineError, messageOf, type Io, type Machine, type Status } from "../../src/driver/index.js";
import { waitForSsh } from "./boot.js";
import { launch } from "./launch.js";
import type { QemuState } from "./state.js";
import { monitorOf } from "./monitor.js";
import { processesOf, processOf, statusByMonitor } from "./process.js";
import { ask } from "./qmp.js";

/** Starts it and waits until it has booted, or lets it go on where it is paused; one that runs is left alone. */
export async function start(machine: Machine<QemuState>, io: Io): Promise<Partial<QemuState> | undefined> {
  const pid = await processOf(machine, io);
  const status: Status = pid === undefined ? "stopped" : await statusByMonitor(machine);
  if (status === "paused" || status === "saved") {
    await ask(monitorOf(machine), status === "paused" ? "cont" : "system_wakeup");
    return undefined;
  }
  if (status === "running") return undefined;
  await endAll(machine, io);
  const ports = await launch(machine, io);
  const { SSHPort, EnginePort } = machine.state;
  if (ports.SSHPort !== SSHPort || ports.EnginePort !== EnginePort) {
    io.notice("one of its ports is in use, so it has another now: machine env shows it");
  }
  await waitForSsh({ ...machine, state: { ...machine.state, ...ports } }, io);
  return ports;
}

/** Asks the machine to power itself off, twice; switches it off after a minute and a half. */
export async function stop(machine: Machine<QemuState>, io: Io): Promise<void> {
  if ((await processOf(machine, io)) !== undefined) {
    const status = await statusByMonitor(machine);
    if (status === "paused") await tell(machine, "cont");
    if (status === "saved") await tell(machine, "system_wakeup");
    for (const limit of [30_000, 60_000]) {
      await tell(machine, "system_powerdown");
      if (await isGone(machine, io, limit)) return;
    }
    io.notice("it does not power itself off, so it is switched off");
  }
  await kill(machine, io);
}

/** Switches it off; fine when it does not run. */
export async function kill(machine: Machine<QemuState>, io: Io): Promise<void> {
  if ((await processOf(machine, io)) !== undefined) {
    await tell(machine, "quit");
    if (await isGone(machine, io, 10_000)) return;
  }
  await endAll(machine, io);
}

/** One that does not answer is dealt with by its caller. */
async function tell(machine: Machine<QemuState>, command: string): Promise<void> {
  await ask(monitorOf(machine), command).catch((error: unknown) => {
    if (!isMachineError(error)) throw error;
  });
}

async function isGone(machine: Machine<QemuState>, io: Io, limit: number): Promise<boolean> {
  const end = io.now() + limit;
  while ((await processOf(machine, io)) !== undefined) {
    if (io.now() > end) return false;
    await io.sleep(250);
  }
  return true;
}

/** Kills every process of the machine, also one that is starting and has no file that tells of it. */
export async function endAll({ name, state }: Machine<QemuState>, io: Io): Promise<void> {
  // A computer that is busy takes its time to give back the memory of a machine.
  const end = io.now() + 60_000;
  for (;;) {
    const pids = await processesOf(state, io);
    if (pids.length === 0) return;
    for (const pid of pids) killProcess(name, pid);
    if (io.now() > end) throw new MachineError("failed", `${name}: process ${pids.join(", ")} does not end`);
    await io.sleep(100);
  }
}

function killProcess(name: string, pid: number): void {
  try {
    sendSignal(pid, "SIGKILL");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ESRCH") return;
    throw new MachineError("failed", `${name}: process ${String(pid)} cannot be ended: ${messageOf(cause)}`, {
      hint: "it may be another user's: end it as that user, or as root",
      cause,
    });
  }
}
