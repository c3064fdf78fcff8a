import { freePort, isFree, MachineError, reserve, type Io, type Machine } from "../../src/driver/index.js";
import type { QemuState } from "./state.js";

/**
 * The ports of this computer that lead to the machine: those that it had, or another one where somebody else has taken
 * one. Those of the store's other machines are theirs although they may not run.
 * @throws MachineError `failed` for a port of the user's choice that is taken when the machine is made
 */
export async function choosePorts(
  machine: Machine<QemuState>,
  io: Io,
  platform: NodeJS.Platform,
): Promise<Pick<QemuState, "SSHPort" | "EnginePort" | "MonitorPort">> {
  const { name, state } = machine;
  const ports = await reserve(io, machine, "ports", async (reserved) => {
    const taken = new Set([...reserved].map(Number));
    const isUsable = async (port: number): Promise<boolean> => port !== 0 && !taken.has(port) && (await isFree(port));
    if (state.SSHPort === 0 && state.EnginePort !== 0 && !(await isUsable(state.EnginePort))) {
      throw new MachineError("failed", `${name}: port ${String(state.EnginePort)} of this computer is taken`, {
        hint: "--qemu-engine-port takes another one; without it a free one is found",
      });
    }
    const chosen: number[] = [];
    for (const port of [state.EnginePort, state.SSHPort, ...(platform === "win32" ? [state.MonitorPort] : [])]) {
      const one = (await isUsable(port)) ? port : await freePort(taken);
      taken.add(one);
      chosen.push(one);
    }
    return chosen.map(String);
  });
  const [EnginePort = 0, SSHPort = 0, MonitorPort = 0] = ports.map(Number);
  return { EnginePort, SSHPort, MonitorPort };
}
