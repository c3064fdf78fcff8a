import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  freePort,
  isFree,
  MachineError,
  makeKeyPair,
  saveKeyPair,
  templatesFolder,
  type Io,
  type Machine,
} from "../../src/driver/index.js";
import { createArguments, ensureNetwork, lockName, neighbours, seedFolder } from "./container.js";
import { engine, engineIfThere, outputOf } from "./engine.js";
import type { ContainerState } from "./state.js";

/**
 * Makes the container anew and starts it, with a key for us and a host key of its own. With `--privileged` where the
 * engine allows it, else with the list of what is needed.
 */
export async function startContainer(machine: Machine<ContainerState>, io: Io): Promise<Partial<ContainerState>> {
  const { name, dir } = machine;
  const seed = join(dir, "seed");
  const keys = await makeSeed(name, dir, seed);
  try {
    const ports = await tryToStart(machine, io, seed, true).catch((error: unknown) => {
      if (!/unable to apply caps|operation not permitted/i.test(outputOf(error))) throw error;
      return tryToStart(machine, io, seed, false);
    });
    return { ...keys, ...ports };
  } finally {
    await rm(seed, { recursive: true, force: true });
  }
}

async function tryToStart(
  machine: Machine<ContainerState>,
  io: Io,
  seed: string,
  isPrivileged: boolean,
): Promise<Pick<ContainerState, "SSHPort" | "EnginePort">> {
  const { Container } = machine.state;
  await engineIfThere(io, machine.state, ["rm", "--force", "--volumes", Container]);
  const ports = await createContainer(machine, io, isPrivileged);
  await engine(io, machine.state, ["cp", seed, `${Container}:${seedFolder}`]);
  await engine(io, machine.state, ["start", Container]);
  return ports;
}

/** The user's key into the machine's directory, the machine's own into `seed` with all that it needs at first. */
async function makeSeed(name: string, dir: string, seed: string): Promise<Partial<ContainerState>> {
  const templates = join(await templatesFolder(import.meta.dirname), "container");
  const [ours, theirs] = [makeKeyPair(name), makeKeyPair(name)];
  await rm(seed, { recursive: true, force: true });
  await mkdir(seed, { mode: 0o700 });
  await Promise.all([
    writeFile(join(seed, "authorized_keys"), ours.publicKey, { mode: 0o600 }),
    writeFile(join(seed, "ssh_host_ed25519_key"), theirs.privateKey, { mode: 0o600 }),
    copyFile(join(templates, "init.sh"), join(seed, "init.sh")),
  ]);
  return { SSHKeyPath: await saveKeyPair(dir, ours), SSHHostKey: theirs.fingerprint };
}

/** Under the lock, since the ports are taken only when the container has them. */
function createContainer(
  { name, state }: Machine<ContainerState>,
  io: Io,
  isPrivileged: boolean,
): Promise<Pick<ContainerState, "SSHPort" | "EnginePort">> {
  return io.lock(lockName, async () => {
    const { ports, areUnprivileged } = await neighbours(io, state);
    const SSHPort = await freePort(ports);
    const EnginePort = state.EnginePort === 0 ? await freePort(new Set([...ports, SSHPort])) : state.EnginePort;
    if (ports.has(EnginePort) || !(await isFree(EnginePort))) {
      throw new MachineError("failed", `${name}: port ${String(EnginePort)} of this computer is taken`, {
        hint: "--container-engine-port takes another one; without it a free one is found",
      });
    }
    await ensureNetwork(io, state);
    await engine(io, state, createArguments(name, { ...state, SSHPort, EnginePort }, isPrivileged && !areUnprivileged));
    return { SSHPort, EnginePort };
  });
}
