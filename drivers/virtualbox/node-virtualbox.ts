import { env as ownEnv } from "node:process";
import type { Io } from "../../src/driver/index.js";
import type { ListedVm } from "./parse.js";

/**
 * What node-virtualbox lists: for reading only, since its `start` and `stop` cut the power. It runs `VBoxManage` by a
 * shell with this program's own environment, whatever another one is given here, prints to the console when that does
 * not work, and takes names apart at blanks. Undefined: ask VBoxManage.
 */
export async function listByPackage(env: Io["env"]): Promise<readonly ListedVm[] | undefined> {
  if (env["PATH"] === undefined || env["PATH"] !== ownEnv["PATH"]) return undefined;
  try {
    const { default: VBoxProvider } = await import("node-virtualbox/lib/VBoxProvider.js");
    const listed = (await new VBoxProvider().list()).map(({ name, id }) => ({ name, id: id.trim() }));
    return listed.every(({ id }) => /^[0-9a-f-]{36}$/.test(id)) ? listed : undefined;
  } catch {
    return undefined;
  }
}
