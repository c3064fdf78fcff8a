import { rm } from "node:fs/promises";
import {
  sshResponds,
  sshTarget,
  isMachineError,
  connectWithRetry,
  type Io,
  type Machine,
  type Shell,
} from "../../src/driver/index.js";
import { finishFirstBoot, waitForBoot, withConsole } from "../../src/vm/index.js";
import { seedDevice, seedNode } from "./command-line.js";
import { launch } from "./launch.js";
import { filesOf, type QemuState } from "./state.js";
import { monitorOf } from "./monitor.js";
import { processOf } from "./process.js";
import { ask } from "./qmp.js";
import { sharesOf } from "./share.js";

/** Waits until sshd of the machine responds; what its console prints is shown meanwhile. */
export function waitForSsh(machine: Machine<QemuState>, io: Io): Promise<void> {
  const { name, state } = machine;
  const boot = {
    name,
    console: filesOf(machine).console,
    sshResponds: () => sshResponds(state.SSHPort),
    isOn: async () => (await processOf(machine, io)) !== undefined,
  };
  return waitForBoot(boot, io, 500);
}

/** The same, of a create that goes on: the machine is started anew where it does not run any more. */
export async function bootUp(machine: Machine<QemuState>, io: Io): Promise<Partial<QemuState> | undefined> {
  const changes = (await processOf(machine, io)) === undefined ? await launch(machine, io) : undefined;
  await waitForSsh({ ...machine, state: { ...machine.state, ...changes } }, io);
  return changes;
}

/** Logs in, waits for cloud-init, and takes the seed away, since it holds the machine's private host key. */
export async function finishBoot(given: Machine<QemuState>, io: Io): Promise<Partial<QemuState> | undefined> {
  const changes = await bootUp(given, io);
  const machine = { ...given, state: { ...given.state, ...changes } };
  const { name } = machine;
  const files = filesOf(machine);
  const connect = (): Promise<Shell> =>
    withConsole(files.console, () => connectWithRetry(io, sshTarget(machine.state, machine.state.SSHHostKey)));
  const shell = await finishFirstBoot(name, connect, io, files.console);
  await checkMounts(machine, shell, io);
  const monitor = monitorOf(machine);
  await ask(monitor, "eject", { id: seedDevice, force: true });
  await ask(monitor, "blockdev-del", { "node-name": seedNode }).catch((error: unknown) => {
    // An earlier try has done it.
    if (!isMachineError(error) || !/find node/i.test(error.message)) throw error;
  });
  await rm(files.seed, { force: true });
  return changes;
}

/** Says which shared folders are not there: a machine boots without them. */
async function checkMounts({ state }: Machine<QemuState>, shell: Shell, io: Io): Promise<void> {
  const shares = sharesOf(state);
  if (shares.length === 0) return;
  const { stdout } = await shell.exec("cat /proc/mounts");
  for (const { tag, guest } of shares.filter((one) => !stdout.includes(`${one.tag} `))) {
    io.notice(
      `${guest} is not mounted: the kernel of its image may lack 9p (sudo mount -t 9p ${tag} ${guest} says why)`,
    );
  }
}
