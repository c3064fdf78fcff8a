import { rm } from "node:fs/promises";
import type { Resource } from "../../src/driver/index.js";
import { listMachines } from "./node-virtualbox.js";
import { marks } from "./make.js";
import { pathsOf } from "./paths.js";
import { endVm, forgetMedia } from "./remove.js";
import { vboxManage, infoOf, isGone, isInaccessible, type VBoxManage } from "./vboxmanage.js";

/** The virtual machines that are marked as a store's. */
export async function findVms(vbox: VBoxManage, owner: string): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  for (const { id, name } of await listMachines(vbox)) {
    const data = await extraData(vbox, id);
    if (data.get(marks.owner) !== owner) continue;
    const info = await infoOf(vbox, id);
    if (info === undefined) continue;
    found.push({
      kind: "virtual machine",
      id,
      machine: data.get(marks.name),
      about: [name, info.get("VMState"), info.get("CfgFile")].filter(Boolean).join(", "),
      remove: (io) => removeFound(vboxManage(io, vbox.computer, ""), id),
    });
  }
  return found;
}

async function extraData(vbox: VBoxManage, id: string): Promise<ReadonlyMap<string, string>> {
  const text = await vbox.run("getextradata", id, "enumerate").catch((error: unknown) => {
    // Somebody removes it at this moment, or its settings cannot be read, and so not be ours to judge.
    if (isGone(error) || isInaccessible(error)) return "";
    throw error;
  });
  return new Map([...text.matchAll(/^Key: (.+), Value: (.*?)\r?$/gm)].map(([, key = "", value = ""]) => [key, value]));
}

/** The folder with its settings is in the machine's own directory, as are its disks. */
async function removeFound(vbox: VBoxManage, id: string): Promise<void> {
  const settings = (await infoOf(vbox, id))?.get("CfgFile");
  await endVm(vbox, id);
  if (settings === undefined) return;
  const folder = pathsOf(vbox.computer).dirname(settings);
  await forgetMedia(vbox, pathsOf(vbox.computer).dirname(folder));
  await rm(folder, { recursive: true, force: true });
}
