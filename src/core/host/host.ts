import {
  isMachineError,
  MachineError,
  type Driver,
  type Io,
  type Machine,
  type SshTarget,
  type Transport,
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
  return together(names.map((name) => loadHost(session, name)));
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

/** Waits for all; their results in the order given. @throws one error with everything that went wrong */
export async function together<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(works);
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (errors.length > 0) throw joined(errors);
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** One error that says what several say, one after another. */
export function joined(errors: readonly unknown[]): unknown {
  const known = errors.filter(isMachineError);
  if (errors.length === 1 || known.length < errors.length)
    return errors.find((error) => !isMachineError(error)) ?? errors[0];
  const hints = new Set(known.flatMap(({ hint }) => (hint === undefined ? [] : [hint])));
  const texts = known.map(({ message, output }) => (output === undefined ? message : `${message}\n${output}`));
  const code = known.some((one) => one.code === "interrupted") ? "interrupted" : (known[0]?.code ?? "failed");
  return new MachineError(code, texts.join("\n"), { hint: hints.size === 0 ? undefined : [...hints].join("; ") });
}

/** The same error with the machine's name in its hint, where one that was written without knowing it says NAME. */
export function named(machine: string, error: unknown): unknown {
  if (!isMachineError(error) || error.hint === undefined) return error;
  const { code, message, output, cause } = error;
  return new MachineError(code, message, { hint: error.hint.replace(/\bNAME\b/g, machine), output, cause });
}

/** The same error with `what` before its message: what was being done, and on which machine. */
export function whileDoing(what: string, error: unknown): unknown {
  if (!isMachineError(error)) return error;
  const { code, hint, output } = error;
  return new MachineError(code, `${what}: ${error.message}`, { hint, output, cause: error });
}
