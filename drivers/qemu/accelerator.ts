import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Io } from "../../src/driver/index.js";
import type { Architecture } from "../../src/vm/index.js";

/** `tcg` emulates the processor, which is slow. */
export type Accelerator = "kvm" | "hvf" | "whpx" | "tcg";

/** What this computer runs machines by; for emulation, which is slow, why it is that. */
export interface AcceleratorChoice {
  readonly accelerator: Accelerator;
  /** e.g. `this user may not use /dev/kvm: join the group kvm`; undefined where the processor helps. */
  readonly why?: string;
}

export function programOf(architecture: Architecture): string {
  return architecture === "amd64" ? "qemu-system-x86_64" : "qemu-system-aarch64";
}

/** What each system has, where QEMU was built with it. */
const ofSystem: Readonly<Partial<Record<NodeJS.Platform, Accelerator>>> = {
  linux: "kvm",
  darwin: "hvf",
  win32: "whpx",
};

/**
 * Finds the fastest way. Asked at each start, since it may be another one since the last.
 * @param device of KVM
 * @throws MachineError when QEMU is not installed
 */
export async function findAccelerator(
  io: Pick<Io, "run">,
  architecture: Architecture,
  platform: NodeJS.Platform,
  device = "/dev/kvm",
): Promise<AcceleratorChoice> {
  const { stdout } = await io.run(programOf(architecture), ["-accel", "help"]);
  const [has, wanted] = [stdout.split(/\s+/), ofSystem[platform]];
  if (wanted === undefined) return { accelerator: "tcg", why: `QEMU has no accelerator for ${platform}` };
  if (!has.includes(wanted)) return { accelerator: "tcg", why: `this QEMU is built without ${wanted}` };
  const why = wanted === "kvm" ? await whyNoKvm(device) : undefined;
  return why === undefined ? { accelerator: wanted } : { accelerator: "tcg", why };
}

async function whyNoKvm(device: string): Promise<string | undefined> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT"
      ? `there is no ${device}: turn virtualization on in the firmware, or for the VM that this computer is`
      : `this user may not use ${device}: join the group kvm`;
  }
}
