import { MachineError, type Driver } from "../../driver/index.js";

/** Loads one driver. This is the only file that names the drivers. */
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

export function driverNames(): readonly string[] {
  return Object.keys(builtIn);
}

/** @throws MachineError `not-found` in docker-machine's words */
export async function findDriver(name: string): Promise<Driver> {
  const load = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
  if (load === undefined) {
    throw new MachineError(
      "not-found",
      `Driver "${name}" not found. Do you have the plugin binary "docker-machine-driver-${name}" accessible in your PATH?`,
      {
        hint: Object.hasOwn(refusedDrivers, name)
          ? refusedDrivers[name]
          : `drivers that are there: ${driverNames().join(", ")}`,
      },
    );
  }
  return (await load()).default;
}
