import { MachineError } from "../../src/driver/index.js";
import { cutPower, isOn } from "./remove.js";
import { needInfo, startVm } from "./start.js";
import { isBoot2Docker, vmOf, type VBoxMachine, type VBoxChanges } from "./state.js";
import type { VBoxManage } from "./vboxmanage.js";
import { findAddress, waitForSsh } from "./wait.js";

/** How long a system may take to end, and when it is asked a second time: one that just boots overhears the first. */
const patience = 90_000;
const secondPress = 20_000;

/** Starts a machine and waits until it is up. */
export async function startAndWait(vbox: VBoxManage, machine: VBoxMachine): Promise<VBoxChanges> {
  const changes = await startVm(vbox, machine);
  const started = { ...machine, state: { ...machine.state, ...changes } };
  await waitForSsh(vbox, started);
  return isBoot2Docker(started.state) ? { ...changes, ...(await findAddress(vbox, started)) } : changes;
}

/** Presses the power button, and cuts the power of one that does not end. */
export async function stopVm(vbox: VBoxManage, machine: VBoxMachine): Promise<void> {
  const { name, state } = machine;
  const info = await needInfo(vbox, machine);
  const status = info.get("VMState") ?? "";
  if (/saved$/.test(status)) {
    throw new MachineError("failed", `${name}: it is not running, its memory is saved in a file`, {
      hint: `machine start ${name} wakes it up, then it can be stopped; machine kill ${name} throws the memory away`,
    });
  }
  if (!isOn(info)) return;
  if (status === "gurumeditation") {
    await cutPower(vbox, vmOf(state));
    return;
  }
  if (status === "paused") await vbox.run("controlvm", vmOf(state), "resume");
  if (await endsByButton(vbox, machine)) return;
  vbox.io.notice(`it has not ended within ${String(patience / 1000)} s: its power is cut`);
  await cutPower(vbox, vmOf(state));
}

async function endsByButton(vbox: VBoxManage, machine: VBoxMachine): Promise<boolean> {
  const { io } = vbox;
  const began = io.now();
  let presses = 0;
  while (io.now() - began < patience) {
    if (presses === 0 || (presses === 1 && io.now() - began >= secondPress)) {
      presses += 1;
      await vbox.run("controlvm", vmOf(machine.state), "acpipowerbutton").catch(async (error: unknown) => {
        if (isOn(await needInfo(vbox, machine)) && presses === 1) throw error;
      });
    }
    if (!isOn(await needInfo(vbox, machine))) return true;
    await io.sleep(1_000);
  }
  return false;
}

/** Cuts the power; a saved memory is thrown away. */
export async function killVm(vbox: VBoxManage, machine: VBoxMachine): Promise<void> {
  const info = await needInfo(vbox, machine);
  if (/saved$/.test(info.get("VMState") ?? "")) await vbox.run("discardstate", vmOf(machine.state));
  else if (isOn(info)) await cutPower(vbox, vmOf(machine.state));
}
