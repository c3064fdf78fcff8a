import { rm } from "node:fs/promises";
import { connectWithRetry, type Shell } from "../../src/driver/index.js";
import { finishFirstBoot } from "../../src/vm/index.js";
import { files } from "./disk.js";
import { isGoneMedium } from "./failure.js";
import { attachArguments, controllerOf } from "./hardware.js";
import { mountShare } from "./share.js";
import { needInfo } from "./start.js";
import { target, vmOf, type VBoxMachine } from "./state.js";
import type { VBoxManage } from "./vboxmanage.js";

/** Waits for cloud-init, mounts the shared folder, and takes the seed away, which holds the machine's host key. */
export async function finish(vbox: VBoxManage, machine: VBoxMachine): Promise<void> {
  const connect = (): Promise<Shell> => connectWithRetry(vbox.io, target(machine.state));
  const shell = await finishFirstBoot(machine.name, connect, vbox.io, files(machine.dir).console);
  const problem = await mountShare(vbox.computer, machine, shell);
  if (problem !== undefined) vbox.io.notice(problem);
  await takeSeed(vbox, machine);
}

async function takeSeed(vbox: VBoxManage, machine: VBoxMachine): Promise<void> {
  const { seed } = files(machine.dir);
  const vm = vmOf(machine.state);
  const controller = controllerOf({ ...vbox, state: machine.state, version: await vbox.version() });
  const info = await needInfo(vbox, machine);
  const [port, device] = controller.drive;
  const medium = info.get(`${controller.name}-${String(port)}-${String(device)}`) ?? "none";
  if (!["none", "emptydrive"].includes(medium)) {
    const eject = attachArguments(vm, controller, controller.drive, "dvddrive", "emptydrive");
    await vbox.run(...eject, "--forceunmount");
  }
  await vbox.run("closemedium", "dvd", seed).catch((error: unknown) => {
    if (!isGoneMedium(error)) throw error;
  });
  await rm(seed, { force: true });
}
