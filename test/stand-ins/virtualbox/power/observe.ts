import { existsSync, readFileSync, rmSync } from "node:fs";
import { type Call, setState } from "../call.js";
import { isAlive, isSame, until } from "../process.js";
import type { Machine } from "../state.js";
import { monitor } from "./qmp.js";

/** Looks at the processes of all VMs: what has become of them is known from nothing else. */
export async function observe(call: Call): Promise<void> {
  for (const machine of call.state.machines) await observeOne(call, machine);
}

async function observeOne(call: Call, machine: Machine): Promise<void> {
  const { run } = machine;
  if (!run) return;
  if (!isSame(run.pid, run.started)) return ended(machine);
  const status = call.release.guest === "qemu" ? await ask(run.qmp) : run.paused ? "paused" : "running";
  const state = status === "paused" ? "paused" : "running";
  if (state !== machine.state) setState(machine, state);
}

/** An own end is a power-off, anything else a crash. */
export async function ended(machine: Machine): Promise<void> {
  const { run } = machine;
  if (!run) return;
  await until(() => existsSync(run.exitFile), 500);
  await until(() => !run.helpers.some(isAlive), 5000);
  const code = existsSync(run.exitFile) ? readFileSync(run.exitFile, "utf8").trim() : "";
  rmSync(run.exitFile, { force: true });
  setState(machine, code === "0" ? "poweroff" : "aborted");
  delete machine.run;
}

async function ask(socket: string): Promise<string> {
  try {
    return ((await monitor(socket, { execute: "query-status" })) as { status: string }).status;
  } catch {
    return "running";
  }
}
