import { rm } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "../../src/driver/index.js";
import { isGoneMedium, saidBy } from "./failure.js";
import { parseBlocks } from "./parse.js";
import { pathsOf } from "./paths.js";
import { vmOf, type VBoxMachine } from "./state.js";
import { infoOf, isGone, type VBoxManage } from "./vboxmanage.js";

/**
 * Takes away a machine's virtual machine with its disks and snapshots, what VirtualBox remembers of files in its
 * directory, and the folder of its settings; fine when there is none of it, or only a part.
 */
export async function removeVm(vbox: VBoxManage, { name, dir, state }: VBoxMachine): Promise<void> {
  await endVm(vbox, vmOf(state));
  await forgetMedia(vbox, dir);
  await rm(join(dir, name), { recursive: true, force: true });
}

/**
 * Cuts the power and unregisters; fine when it is gone. Done again while its session is locked: that is let go of some
 * time after the power, and a start that was cut off may still come to its end.
 */
export async function endVm(vbox: VBoxManage, vm: string): Promise<void> {
  await poll(vbox.io, `VirtualBox to let go of ${vm}`, { every: 500, limit: 30_000 }, async () => {
    const info = await infoOf(vbox, vm);
    if (info === undefined) return true;
    if (isOn(info)) await cutPower(vbox, vm);
    // What cannot be read has no files that VirtualBox could delete.
    const isLost = info.get("name") === "<inaccessible>";
    try {
      await vbox.run("unregistervm", vm, ...(isLost ? [] : ["--delete"]));
      return true;
    } catch (error) {
      if (isGone(error)) return true;
      if (!/while it is locked/.test(saidBy(error))) throw error;
      await cutPower(vbox, vm);
      return undefined;
    }
  });
}

/** Whether it has power, or a process: all but these are at rest. */
export function isOn(info: ReadonlyMap<string, string>): boolean {
  return !["poweroff", "aborted", "saved", "aborted-saved", "teleported"].includes(info.get("VMState") ?? "poweroff");
}

/** Ends it at once, and waits until VirtualBox has it at rest. */
export async function cutPower(vbox: VBoxManage, vm: string): Promise<void> {
  await vbox.run("controlvm", vm, "poweroff").catch((error: unknown) => {
    // It has ended by itself meanwhile, or is about to.
    if (!/is not currently running|Invalid machine state|VBOX_E_INVALID_VM_STATE/.test(saidBy(error))) throw error;
  });
  await poll(vbox.io, "the virtual machine to end", { every: 500, limit: 30_000 }, async () => {
    const info = await infoOf(vbox, vm);
    return info === undefined || !isOn(info) ? true : undefined;
  });
}

/** Media of files in a folder that no virtual machine uses any more: VirtualBox would refuse other files at their paths. */
export async function forgetMedia(vbox: VBoxManage, dir: string): Promise<void> {
  const { sep } = pathsOf(vbox.computer);
  for (const [kind, list] of [
    ["disk", "hdds"],
    ["dvd", "dvds"],
  ] as const) {
    const media = parseBlocks(await vbox.run("list", list));
    // Children of others first.
    const ours = media.filter((one) => (one.get("Location") ?? "").startsWith(`${dir}${sep}`)).reverse();
    for (const medium of ours) {
      const id = medium.get("UUID") ?? "";
      await vbox.run("closemedium", kind, id).catch((error: unknown) => {
        if (!isGoneMedium(error)) throw error;
      });
    }
  }
}
