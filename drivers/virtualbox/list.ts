import { parseList, type ListedVm } from "./parse.js";
import type { VBoxManage } from "./vboxmanage.js";

/** The virtual machines that VirtualBox knows: by node-virtualbox, where it can be used. */
export async function listMachines(vbox: VBoxManage): Promise<readonly ListedVm[]> {
  const { listByPackage } = await import("./node-virtualbox.js");
  return (await listByPackage(vbox.io.env)) ?? parseList(await vbox.run("list", "vms"));
}
