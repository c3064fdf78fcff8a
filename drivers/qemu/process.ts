import { access, readdir, readFile } from "node:fs/promises";
import { platform as systemPlatform } from "node:os";
import { isMachineError, type Io, type Machine, type Status } from "../../src/driver/index.js";
import { checkState, filesOf, type QemuState } from "./state.js";
import { monitorOf } from "./monitor.js";
import { ask } from "./qmp.js";

/**
 * The processes of a machine. They are known by its id on their command line: the number in a file may be that of
 * another process since the computer has started again.
 * @param pid only this one is looked at; default: all of this computer
 */
export async function processesOf(
  { MachineId }: Pick<QemuState, "MachineId">,
  io: Pick<Io, "run">,
  pid?: number,
  platform = systemPlatform(),
): Promise<readonly number[]> {
  if (platform === "win32") return windowsProcesses(MachineId, io);
  if (platform !== "linux") return listedProcesses(MachineId, io, pid);
  const pids = pid === undefined ? (await readdir("/proc")).filter((one) => /^\d+$/.test(one)) : [String(pid)];
  const found = await Promise.all(
    pids.map(async (one) => {
      const line = await readFile(`/proc/${one}/cmdline`, "utf8").catch(() => "");
      return line.includes(`\0-uuid\0${MachineId}\0`) ? [Number(one)] : [];
    }),
  );
  return found.flat();
}

async function listedProcesses(id: string, io: Pick<Io, "run">, pid?: number): Promise<readonly number[]> {
  const which = pid === undefined ? ["-ax"] : ["-p", String(pid)];
  // It exits with 1 where there is no such process.
  const { stdout } = await io.run("ps", ["-ww", ...which, "-o", "pid=,command="]).catch(() => ({ stdout: "" }));
  return stdout
    .split("\n")
    .filter((line) => line.includes(` -uuid ${id} `))
    .map((line) => parseInt(line, 10));
}

async function windowsProcesses(id: string, io: Pick<Io, "run">): Promise<readonly number[]> {
  const filter = `Name LIKE 'qemu%' AND CommandLine LIKE '%${id}%'`;
  const command = `(Get-CimInstance Win32_Process -Filter "${filter}").ProcessId`;
  const { stdout } = await io.run("powershell", ["-NoProfile", "-Command", command]);
  return (stdout.match(/\d+/g) ?? []).map(Number);
}

/** The machine's QEMU; undefined: it does not run. */
export async function processOf(machine: Machine<QemuState>, io: Pick<Io, "run">): Promise<number | undefined> {
  const saved = Number(await readFile(filesOf(machine).pid, "utf8").catch(() => ""));
  if (!Number.isSafeInteger(saved) || saved <= 0) return undefined;
  return (await processesOf(machine.state, io, saved))[0];
}

/** Missing: its disk is gone. */
export async function statusOf(machine: Machine<QemuState>, io: Io): Promise<Status> {
  checkState(machine.state);
  if ((await processOf(machine, io)) !== undefined) return statusByMonitor(machine);
  return access(filesOf(machine).disk).then(
    () => "stopped",
    () => "missing",
  );
}

/** What QEMU calls the state of a machine, in our words. */
const statuses: Readonly<Record<string, Status>> = {
  running: "running",
  paused: "paused",
  prelaunch: "paused",
  "save-vm": "paused",
  "restore-vm": "paused",
  suspended: "saved",
  shutdown: "stopped",
};

/** The state of a machine whose QEMU runs. One that has no time to answer, e.g. while it saves memory, runs. */
export async function statusByMonitor(machine: Machine<QemuState>): Promise<Status> {
  try {
    const answer = await ask(monitorOf(machine), "query-status");
    return statuses[(answer as { readonly status: string }).status] ?? "error";
  } catch (error) {
    if (isMachineError(error) && error.code === "unreachable") return "running";
    throw error;
  }
}
