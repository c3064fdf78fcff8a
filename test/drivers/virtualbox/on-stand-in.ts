import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Computer } from "../../../drivers/virtualbox/computer.js";
import { virtualBoxOn } from "../../../drivers/virtualbox/index.js";
import { fakeIo, type FakeIo } from "../../../src/driver/conformance.js";
import {
  resolve,
  type Driver,
  type DriverState,
  type Io,
  type Machine,
  type Shell,
} from "../../../src/driver/index.js";
import { runProgram } from "../../../src/shell/exec.js";
import { virtualBox, type VirtualBox } from "../../stand-ins/virtualbox/index.js";
import { computer } from "./computers.js";
import { bootable } from "../../vm/support.js";

type Release = Parameters<typeof virtualBox>[0];

/** A machine of the driver on a stand-in of VirtualBox, whose virtual machines do nothing. */
export interface Trial {
  readonly driver: Driver;
  readonly io: Io;
  readonly dir: string;
  readonly vb: VirtualBox;
  /** As the last call left it. */
  readonly machine: () => Machine;
  /** Runs the steps of `create` that the state asks for. */
  readonly create: (io?: Io) => Promise<void>;
  /** Takes members out of the state. */
  readonly forget: (...members: readonly string[]) => void;
  /** What was told until now. */
  readonly lines: FakeIo["lines"];
  readonly does: (verb: "start" | "stop" | "kill") => Promise<void>;
  /** What VBoxManage was asked since the last time, with words in place of what differs each time. */
  readonly asked: () => Promise<readonly string[]>;
  readonly end: () => Promise<void>;
}

/** @param exec answers for the machine's shell; default: all commands succeed */
export async function trial(
  release: Release,
  on: Partial<Computer>,
  given: Readonly<Record<string, unknown>>,
  exec: Shell["exec"] = () => Promise.resolve({ stdout: "", stderr: "", code: 0 }),
): Promise<Trial> {
  const vb = await virtualBox({ guest: "idle", ...release });
  const store = await mkdtemp(join(tmpdir(), "machine-virtualbox-"));
  const dir = join(store, "machines", "web");
  await mkdir(dir, { recursive: true });
  const image = join(store, "image.raw");
  await writeFile(image, bootable(2 ** 20));
  const driver = virtualBoxOn(computer(on));
  const { signal, ...fake } = fakeIo({}, vb.env);
  const env = { ...process.env, ...vb.env };
  const io: Io = {
    ...{ ...fake, signal },
    // The stand-in's processes need time of their own for what the driver waits for.
    sleep: async (ms) => {
      await setTimeout(Math.min(ms, 200));
      await fake.sleep(ms);
    },
    run: (file, args, options) => runProgram(file, args, { ...options, env: { ...env, ...options?.env }, signal }),
    shell: () => Promise.resolve({ exec }),
  };
  const values = resolve(driver.options, [{ image, diskSize: 4, ...given }], driver.name);
  const common: DriverState = {
    ...{ IPAddress: "", MachineName: "web", SSHUser: "", SSHPort: 0, SSHKeyPath: "", StorePath: store },
    ...{ SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" },
  };
  let state = await driver.plan(values, { name: "web", dir, common, storeId: () => Promise.resolve("store-1") }, io);
  let seen = 0;
  const machine = (): Machine => ({ name: "web", dir, state });
  const change = (changes: Partial<DriverState> | void): void => {
    state = { ...state, ...changes };
  };
  return {
    ...{ driver, io, dir, vb, machine },
    create: async (by = io) => {
      for (const step of driver.create) {
        if (step.when?.(state) === false) continue;
        change(await step.run(machine(), by));
      }
    },
    forget: (...members) => {
      const left = Object.entries(state).filter(([name]) => !members.includes(name));
      state = { IPAddress: "", ...Object.fromEntries(left) } as typeof state;
    },
    lines: fake.lines,
    does: async (verb) => {
      change(await driver[verb]?.(machine(), io));
    },
    asked: async () => {
      const calls = (await vb.calls()).slice(seen);
      seen += calls.length;
      return calls.map(({ args }) => masked(args.join(" "), dir, state));
    },
    end: async () => {
      await vb.stop();
      await rm(store, { recursive: true, force: true });
    },
  };
}

function masked(line: string, dir: string, state: DriverState): string {
  const { UUID, NatMAC, HostOnlyMAC, SSHPort } = state as DriverState & Readonly<Record<string, string>>;
  return line
    .replaceAll(dir, "$M")
    .replaceAll(UUID ?? "", "$VM")
    .replaceAll(NatMAC ?? "", "$MAC1")
    .replaceAll(HostOnlyMAC ?? "", "$MAC2")
    .replaceAll(`127.0.0.1,${String(SSHPort)},`, "127.0.0.1,$PORT,")
    .replaceAll(/(closemedium \w+) [0-9a-f-]{36}/g, "$1 $MEDIUM");
}
