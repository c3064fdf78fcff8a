import { env as ownEnv } from "node:process";
import type { Io } from "../../src/driver/index.js";
import { parseList, type ListedVm } from "./parse.js";
import type { VBoxManage } from "./vboxmanage.js";

/** The virtual machines that VirtualBox knows: by node-virtualbox, where it can be used. */
export async function listMachines(vbox: VBoxManage): Promise<readonly ListedVm[]> {
  return (await listByPackage(vbox.io.env)) ?? parseList(await vbox.run("list", "vms"));
}

/**
 * What node-virtualbox lists: for reading only, since its `start` and `stop` cut the power. It runs `VBoxManage` by a
 * shell with this program's own environment, whatever another one is given here, prints to the console when that does
 * not work, and takes names apart at blanks. Undefined: ask VBoxManage.
 */
async function listByPackage(env: Io["env"]): Promise<readonly ListedVm[] | undefined> {
  if (env["PATH"] === undefined || env["PATH"] !== ownEnv["PATH"]) return undefined;
  try {
    const { default: VBoxProvider } = await import("node-virtualbox/lib/VBoxProvider.js");
    const listed = (await new VBoxProvider().list()).map(({ name, id }) => ({ name, id: id.trim() }));
    return listed.every(({ id }) => /^[0-9a-f-]{36}$/.test(id)) ? listed : undefined;
  } catch {
    return undefined;
  }
}
