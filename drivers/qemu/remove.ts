import { rm } from "node:fs/promises";
import type { Io, Machine } from "../../src/driver/index.js";
import { socketOf } from "./monitor.js";
import { endAll } from "./power.js";
import { checkState, filesOf, type QemuState } from "./state.js";

/** Ends it and takes all that it has away, but for what the store keeps of every machine; fine when there is nothing. */
export async function remove(machine: Machine<QemuState>, io: Io): Promise<void> {
  checkState(machine.state);
  await endAll(machine, io);
  const { disk, seed, console, pid, firmware } = filesOf(machine);
  for (const file of [disk, seed, console, pid, firmware, socketOf(machine)]) await rm(file, { force: true });
}
