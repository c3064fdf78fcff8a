import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "./bundle.js";
import type { Fault } from "./faults.js";
import { removeBridge } from "./network.js";
import { isAlive, isSame, until } from "./process.js";
import { type Release, ownFile } from "./release.js";
import { readState } from "./state.js";

/** A VirtualBox of its own, with no VM. */
export interface VirtualBox {
  /** VBOX_USER_HOME and PATH, to be added to an environment. */
  readonly env: Readonly<Record<string, string>>;
  /** VBOX_USER_HOME; VMs are made in `VirtualBox VMs` below it where nothing else is said. */
  readonly home: string;
  /** Of VBoxManage. */
  readonly path: string;
  /** All calls until now. */
  readonly calls: () => Promise<readonly LoggedCall[]>;
  /** What shall go wrong from now on. */
  readonly setFaults: (...faults: readonly Fault[]) => Promise<void>;
  /** Allows other ranges for host-only networks: the lines of networks.conf. */
  readonly setRanges: (text: string) => Promise<void>;
  /** Makes it another version or system, as an upgrade does. */
  readonly become: (release: Partial<Release>) => Promise<void>;
  /** Ends its VMs, removes its networks and its files. */
  readonly stop: () => Promise<void>;
}

export interface LoggedCall {
  readonly args: readonly string[];
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

const newest: Release = { version: "7.2.4", system: "linux", architecture: "x86", guest: "idle" };

/** @param release what is not said is that of `newest` */
export async function virtualBox(release: Partial<Release> = {}): Promise<VirtualBox> {
  // Sockets lie in it, whose names must not be long.
  const home = await realpath(await mkdtemp(join(tmpdir(), "vb-")));
  const bin = ownFile(home, "bin");
  await mkdir(bin, { recursive: true });
  const path = join(bin, "VBoxManage");
  // Node reads those certificates at each start, which takes it as long as all else.
  const start = `unset NODE_EXTRA_CA_CERTS\nexec '${process.execPath}' '${await bundle()}' "$@"`;
  await writeFile(path, `#!/bin/sh\n${start}\n`);
  await chmod(path, 0o755);
  const become = (changed: Partial<Release>): Promise<void> =>
    writeFile(ownFile(home, "release.json"), JSON.stringify({ ...newest, ...release, ...changed }));
  await become({});
  return {
    env: { VBOX_USER_HOME: home, PATH: `${bin}:${process.env["PATH"] ?? ""}` },
    ...{ home, path, become },
    calls: () => readCalls(home),
    setFaults: (...faults) => writeFile(ownFile(home, "faults.json"), JSON.stringify(faults)),
    setRanges: (text) => writeFile(ownFile(home, "networks.conf"), text),
    stop: () => stop(home, { ...newest, ...release }),
  };
}

async function readCalls(home: string): Promise<readonly LoggedCall[]> {
  const text = await readFile(ownFile(home, "calls.jsonl"), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LoggedCall);
}

async function stop(home: string, release: Release): Promise<void> {
  const state = readState(home);
  for (const { run } of state.machines) {
    if (!run) continue;
    if (isSame(run.pid, run.started)) process.kill(run.pid, "SIGKILL");
    await until(() => ![run.pid, ...run.helpers].some(isAlive), 5000);
  }
  for (const { device } of state.hostOnly) removeBridge(release, device);
  await rm(home, { recursive: true, force: true });
}
