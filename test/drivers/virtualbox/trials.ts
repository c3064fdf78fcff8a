import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import type { VirtualBoxState } from "../../../drivers/virtualbox/state.js";
import { finish } from "../../support/command.js";
import { trial, type Trial } from "./on-stand-in.js";

type Facts = Partial<Parameters<typeof trial>>;

/** Makes trials that share no folder unless it is asked for, and ends each after its test. */
export function freshTrials(): (...facts: Facts) => Promise<Trial> {
  const open: Trial[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.end()));
  });
  return async (release, on, given, exec) => {
    const one = await trial(release ?? {}, on ?? {}, { noShare: true, ...given }, exec);
    open.push(one);
    return one;
  };
}

/** What the trial's VBoxManage answers. */
export async function ask({ vb }: Trial, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await finish(vb.path, args, { env: { ...process.env, ...vb.env } });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

export async function statusOf({ driver, machine, io }: Trial): Promise<string> {
  return (await driver.inspect(machine(), io)).status;
}

export function stateOf({ machine }: Trial): VirtualBoxState {
  return machine().state as VirtualBoxState;
}

/** Of the machine nothing is left, in VirtualBox or on the disk. */
export async function expectNothing(one: Trial): Promise<void> {
  for (const what of ["vms", "hdds", "dvds"]) expect(await ask(one, "list", what)).toBe("");
  expect(existsSync(join(one.dir, "web"))).toBe(false);
}
