import { platform as systemPlatform } from "node:os";
import { isNotInstalled, ok, warning, type Check, type Finding, type Io } from "../../src/driver/index.js";
import { hostArchitecture, type Architecture } from "../../src/vm/index.js";
import { findAccelerator, programOf } from "./accelerator.js";
import { checkPrograms } from "./plan.js";

/** @param device of KVM */
export function checks(
  architecture: Architecture = hostArchitecture(),
  platform = systemPlatform(),
  device?: string,
): readonly Check[] {
  return [
    {
      what: "programs",
      run: async (io) =>
        ok(`${programOf(architecture)} and qemu-img ${await checkPrograms(io, architecture, platform)}`),
    },
    { what: "acceleration", run: (io) => checkAcceleration(io, architecture, platform, device) },
  ];
}

async function checkAcceleration(
  io: Pick<Io, "run">,
  architecture: Architecture,
  platform: NodeJS.Platform,
  device: string | undefined,
): Promise<Finding | undefined> {
  try {
    const { accelerator, why } = await findAccelerator(io, architecture, platform, device);
    if (why === undefined) return ok(`${accelerator} runs the machines`);
    return warning("machines are emulated, which is much slower", why);
  } catch (error) {
    if (isNotInstalled(error)) return undefined;
    throw error;
  }
}
