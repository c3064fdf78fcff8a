import { type Finished, finish } from "../../../support/command.js";
import { type VirtualBox, virtualBox } from "../index.js";
import type { Release } from "../release.js";

/** Runs VBoxManage to its end. */
export type Manage = (...args: readonly string[]) => Promise<Finished>;

export interface Managed {
  readonly box: VirtualBox;
  readonly manage: Manage;
  /** A VM named m1 with a SATA controller. */
  readonly makeVm: () => Promise<void>;
}

/** A VirtualBox of its own for one test, which is stopped in any case. */
export async function withBox(release: Partial<Release>, use: (managed: Managed) => Promise<void>): Promise<void> {
  const managed = await makeBox(release);
  try {
    await use(managed);
  } finally {
    await managed.box.stop();
  }
}

/** For several tests that change nothing; to be stopped. */
export async function makeBox(release: Partial<Release>): Promise<Managed> {
  const box = await virtualBox(release);
  const manage: Manage = (...args) => finish(box.path, args, { env: { ...process.env, ...box.env } });
  const makeVm = async (): Promise<void> => {
    await manage("createvm", "--name", "m1", "--ostype", "Debian_64", "--register");
    await manage("storagectl", "m1", "--name", "SATA", "--add", "sata");
  };
  return { box, manage, makeVm };
}

/** showvminfo --machinereadable, as pairs. */
export async function infoOf(manage: Manage, vm = "m1"): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await manage("showvminfo", vm, "--machinereadable");
  return Object.fromEntries(stdout.split("\n").map((line) => pair(line)));
}

function pair(line: string): readonly [string, string] {
  const [, key = "", quoted, plain = ""] = /^"?([^"=]+)"?=(?:"(.*)"|(.*))$/.exec(line) ?? [];
  return [key, quoted?.replace(/\\(.)/g, "$1") ?? plain];
}

/** `Key:   value` blocks, which empty lines separate. */
export function blocks(text: string): readonly Readonly<Record<string, string>>[] {
  const found = text.split("\n\n").filter((block) => block.trim() !== "");
  return found.map((block) =>
    Object.fromEntries(block.split("\n").map((line) => [line.split(":")[0] ?? "", line.replace(/^[^:]*:\s*/, "")])),
  );
}
