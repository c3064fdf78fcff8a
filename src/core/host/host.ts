import {
  MachineError,
  settleAll,
  type Driver,
  type Io,
  type Machine,
  type SshTarget,
  type Transport,
} from "../../driver/index.js";
import type { MachineConfig } from "../../store/config.js";
import { keptCredentials } from "../../store/credentials.js";
import { machinePaths } from "../../store/paths.js";
import type { StoredMachine } from "../../store/store.js";
import { machineIo } from "../session/io.js";
import type { Session } from "../session/session.js";

/** A machine of the store with its driver: what commands act on. */
export interface Host extends Machine {
  /** Its config.json but for the driver's state. */
  readonly config: Omit<MachineConfig, "Driver">;
  readonly transport: Transport;
  readonly driver: Driver;
  readonly io: Io;
}

/** @throws MachineError `not-found` for the machine or its driver; `failed` for a broken config.json */
export async function loadHost(session: Session, name: string): Promise<Host> {
  return openHost(session, await session.store.read(name));
}

/** The host of a machine that has been read. @throws MachineError `not-found` for its driver */
export async function openHost(
  session: Session,
  { name, dir, config: { Driver: state, ...config }, transport }: StoredMachine,
): Promise<Host> {
  const driver = await session.findDriver(config.DriverName);
  const own = keptCredentials(machinePaths(session.store.root, name).credentials);
  const io = machineIo({ ...session, env: { ...session.env, ...own } }, { name, dir });
  return { name, dir, state, config, transport, driver, io };
}

/** @throws MachineError `unsupported` for a machine without ssh */
export function sshTargetOf({ name, driver, state }: Pick<Host, "name" | "driver" | "state">): SshTarget {
  const target = driver.access(state).shell;
  if (target?.kind === "ssh") return target;
  throw new MachineError("unsupported", `${name} has no SSH: its driver is ${driver.name}`);
}

/**
 * Changes a machine: every command that does holds its lock from before the machine is read until all is saved, since
 * whoever had the lock before may have changed or removed it.
 * @param wait milliseconds to wait for the lock; default: until it is free
 * @throws MachineError `busy` where the lock is not to be had
 */
export async function withHost<T>(
  session: Session,
  name: string,
  work: (host: Host) => Promise<T>,
  options?: { readonly wait: number },
): Promise<T> {
  return session.store.lock(name, async () => work(await loadHost(session, name)), options);
}

/** Loads all or, when one of them cannot be loaded, none. @throws every problem in one error */
export async function loadHosts(session: Session, names: readonly string[]): Promise<Host[]> {
  return settleAll(names.map((name) => loadHost(session, name)));
}

/** The host after its driver has changed its state. */
export function hostWith(host: Host, changes: object | void): Host {
  return { ...host, state: { ...host.state, ...changes } };
}

/** Saves what a driver changed in the machine's state. The caller holds the machine's lock. */
export async function saveState({ store }: Session, name: string, changes: object | void): Promise<void> {
  if (changes === undefined || Object.keys(changes).length === 0) return;
  await store.write(name, (now) => ({ ...now, Driver: { ...now.Driver, ...changes } }));
}
