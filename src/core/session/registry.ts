import { MachineError, type Driver } from "../../driver/index.js";
import { storePaths } from "../../store/paths.js";

/** The drivers of this program. This is the only file that names them. */
const builtIn: Readonly<Record<string, () => Promise<{ readonly default: Driver }>>> = {
  amazonec2: () => import("../../../drivers/amazonec2/index.js"),
  container: () => import("../../../drivers/container/index.js"),
  generic: () => import("../../../drivers/generic/index.js"),
  none: () => import("../../../drivers/none/index.js"),
  qemu: () => import("../../../drivers/qemu/index.js"),
  virtualbox: () => import("../../../drivers/virtualbox/index.js"),
};

const elsewhere = (tool: string): string =>
  `make the server by \`${tool}\`, then take it: machine create -d generic --generic-ip-address ADDRESS NAME`;

/** The drivers of docker-machine that are not here, and what to use instead. */
export const refusedDrivers: Readonly<Record<string, string>> = {
  azure: elsewhere("az vm create"),
  digitalocean: elsewhere("doctl compute droplet create"),
  exoscale: elsewhere("exo compute instance create"),
  google: elsewhere("gcloud compute instances create"),
  hyperv: "`-d qemu` makes virtual machines on Windows, `-d virtualbox` as well",
  openstack: elsewhere("openstack server create"),
  rackspace: elsewhere("openstack server create"),
  softlayer: elsewhere("ibmcloud sl vs create"),
  vmwarefusion: "`-d qemu` makes virtual machines on macOS, `-d virtualbox` as well",
  vmwarevcloudair: "the service has ended",
  vmwarevsphere: elsewhere("govc vm.create"),
};

export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(builtIn, name);
}

export function builtInNames(): readonly string[] {
  return Object.keys(builtIn);
}

/** Those of this program first, then those that packages of their own bring to the store or beside the program. */
export async function driverNames(root: string): Promise<readonly string[]> {
  const { outsideNames } = await import("./outside.js");
  return [...new Set([...builtInNames(), ...(await outsideNames(storePaths(root).plugins)).toSorted()])];
}

/**
 * The driver of that name: no package takes the place of one of this program.
 * @param root of the store
 * @throws MachineError `not-found` in docker-machine's words; `unsupported` or `failed` for a package that cannot be used
 */
export async function findDriver(name: string, root: string): Promise<Driver> {
  const load = isBuiltIn(name) ? builtIn[name] : undefined;
  if (load !== undefined) return (await load()).default;
  const { findPackage, loadPackage } = await import("./outside.js");
  const found = await findPackage(name, storePaths(root).plugins);
  if (found !== undefined) return loadPackage(found);
  const others = `drivers that are there: ${(await driverNames(root)).join(", ")}`;
  const hint = Object.hasOwn(refusedDrivers, name)
    ? refusedDrivers[name]
    : `${others}; to add one: machine driver add machine-driver-NAME`;
  const question = `Do you have the plugin binary "docker-machine-driver-${name}" accessible in your PATH?`;
  throw new MachineError("not-found", `Driver "${name}" not found. ${question}`, { hint });
}
