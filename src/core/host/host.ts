import {
  MachineError,
  type Driver,
  type Io,
  type Machine,
  type SshTarget,
  type Transport,
  settleAll,
} from "../../driver/index.js";
import type { MachineConfig } from "../../store/config.js";
import { machineIo } from "../session/io.js";
import type { Session } from "../session/session.js";

/** A machine of the store together with its driver: what commands act on. */
export interface Host {
  readonly name: string;
  readonly dir: string;
  readonly config: MachineConfig;
  readonly transport: Transport;
  readonly driver: Driver;
  readonly machine: Machine;
  readonly io: Io;
}

/** @throws MachineError `not-found` for the machine or its driver; `failed` for a broken config.json */
export async function loadHost(session: Session, name: string): Promise<Host> {
  const { dir, config, transport } = await session.store.read(name);
  const driver = await session.findDriver(config.DriverName);
  return {
    name,
    dir,
    config,
    transport,
    driver,
    machine: { name, dir, state: config.Driver },
    io: machineIo(session, { name, dir }),
  };
}

/** @throws MachineError `unsupported` for a machine without ssh */
export function sshTargetOf({ name, driver, machine }: Pick<Host, "name" | "driver" | "machine">): SshTarget {
  const target = driver.access(machine.state).shell;
  if (target?.kind === "ssh") return target;
  throw new MachineError("unsupported", `${name} has no SSH: its driver is ${driver.name}`);
}

/** Works on the machine as it is once nobody else does: who had the lock before may have changed or removed it. */
export async function withHost<T>(session: Session, name: string, work: (host: Host) => Promise<T>): Promise<T> {
  return session.store.lock(name, async () => work(await loadHost(session, name)));
}

/** Loads all or, when one of them cannot be loaded, none. @throws every problem in one error */
export async function loadHosts(session: Session, names: readonly string[]): Promise<Host[]> {
  return settleAll(names.map((name) => loadHost(session, name)));
}

/** The host after its driver has changed its state. */
export function hostWith<T extends Pick<Host, "machine">>(host: T, changes: object | void): T {
  const { machine } = host;
  return { ...host, machine: { ...machine, state: { ...machine.state, ...changes } } };
}

/** Saves what a driver changed in the machine's state. The caller holds the machine's lock. */
export async function saveState({ store }: Session, name: string, changes: object | void): Promise<void> {
  if (changes === undefined || Object.keys(changes).length === 0) return;
  await store.write(name, (now) => ({ ...now, Driver: { ...now.Driver, ...changes } }));
}
