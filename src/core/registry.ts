import { MachineError, type Driver } from "../driver/index.js";

/** Loads one driver. This is the only file that names the drivers. */
const builtIn: Readonly<Record<string, () => Promise<{ readonly default: Driver }>>> = {
  amazonec2: () => import("../../drivers/amazonec2/index.js"),
  container: () => import("../../drivers/container/index.js"),
  generic: () => import("../../drivers/generic/index.js"),
  none: () => import("../../drivers/none/index.js"),
  qemu: () => import("../../drivers/qemu/index.js"),
  virtualbox: () => import("../../drivers/virtualbox/index.js"),
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
      { hint: `drivers that are there: ${driverNames().join(", ")}` },
    );
  }
  return (await load()).default;
}
