import { boot2DockerFiles, makeBoot2DockerDisk } from "./boot2docker.js";
import { files, writeDisk, makeSeed } from "./disk.js";
import {
  attachArguments,
  controllerOf,
  createArguments,
  modifyArguments,
  modifyBoot2DockerArguments,
  natArguments,
  type Plan,
} from "./hardware.js";
import { removeVm } from "./remove.js";
import { addShare } from "./share.js";
import { isBoot2Docker, vmOf, type VBoxMachine, type VBoxChanges } from "./state.js";
import type { VBoxManage } from "./vboxmanage.js";

/** Extra data of a virtual machine: whose it is, so that it is found again. */
export const marks = { owner: "machine/owner", name: "machine/name" } as const;

/** Makes the virtual machine with its disk, anew where a part of it is there; it has no host-only network yet. */
export async function makeVm(vbox: VBoxManage, machine: VBoxMachine): Promise<VBoxChanges> {
  await removeVm(vbox, machine);
  const isOld = isBoot2Docker(machine.state);
  const changes = isOld ? await makeBoot2DockerDisk(vbox, machine) : await makeSeed(machine);
  if (!isOld) await writeDisk(machine, vbox.io);
  const state = { ...machine.state, ...changes };
  await define(vbox, { ...machine, state });
  return changes;
}

async function define(vbox: VBoxManage, { dir, name, state }: VBoxMachine): Promise<void> {
  const plan: Plan = { state, computer: vbox.computer, version: await vbox.version() };
  const vm = vmOf(state);
  await vbox.run(...createArguments(plan, dir));
  if (state.Owner !== undefined) {
    await vbox.run("setextradata", vm, marks.owner, state.Owner);
    await vbox.run("setextradata", vm, marks.name, name);
  }
  const isOld = isBoot2Docker(state);
  await vbox.run(...(isOld ? modifyBoot2DockerArguments(plan) : modifyArguments(plan, files(dir).console)));
  await vbox.run(...natArguments(plan));
  const { iso, disk: oldDisk } = boot2DockerFiles(dir);
  const [drive, disk] = isOld ? [iso, oldDisk] : [files(dir).seed, files(dir).disk];
  const controller = controllerOf(plan);
  await vbox.run("storagectl", vm, "--name", controller.name, ...controller.add, "--hostiocache", "on");
  await vbox.run(...attachArguments(vm, controller, controller.drive, "dvddrive", drive));
  await vbox.run(...attachArguments(vm, controller, controller.disk, "hdd", disk));
  if (isOld) {
    for (const property of ["MountPrefix", "MountDir"])
      await vbox.run("guestproperty", "set", vm, `/VirtualBox/GuestAdd/SharedFolders/${property}`, "/");
  }
  await addShare(vbox, state);
}
