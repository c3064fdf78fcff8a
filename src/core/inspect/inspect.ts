import { existsSync } from "node:fs";
import { isExpected, type Driver, type DriverState, type Inspection, type Status } from "../../driver/index.js";
import { machinePaths } from "../../store/paths.js";
import type { StoredMachine } from "../../store/store.js";
import { hostWith, saveState, withHost, type Host } from "../host/host.js";
import { providerIo } from "../session/io.js";
import type { Session } from "../session/session.js";

/** Asks the provider of a machine. @throws what its driver throws */
export type AskProvider = (host: Host) => Promise<Inspection<DriverState>>;

export interface InspectOptions {
  /**
   * Whether what has changed behind our back, e.g. the address after a start by the provider's own console, is saved.
   * `held`: yes, the caller holds the machine's lock. `try`: yes, unless somebody else works on the machine or the store
   * cannot be written. `none`: no.
   */
  readonly lock: "held" | "try" | "none";
  /** Default: the machine's driver is asked for this machine alone. */
  readonly ask?: AskProvider;
}

export interface Inspected {
  readonly status: Status;
  /** Where the machine is now: the very host that was asked for, where nothing has changed. */
  readonly host: Host;
}

/** Asks the driver where a machine is and how it does. @throws what the driver throws */
export async function inspect(
  session: Session,
  host: Host,
  { lock, ask = askAlone }: InspectOptions,
): Promise<Inspected> {
  const { status, state } = await ask(host);
  if (state === undefined) return { status, host };
  const now = hostWith(host, state);
  if (lock === "held") {
    const { machineChanged } = await import("../clients/followers.js");
    await saveState(session, host.name, state);
    await machineChanged(session, now);
  }
  return (lock === "try" ? await savedUnderLock(session, host.name) : undefined) ?? { status, host: now };
}

/** Asked once more under the lock, since what is saved has to be true of what is in the store by then. */
async function savedUnderLock(session: Session, name: string): Promise<Inspected | undefined> {
  try {
    return await withHost(session, name, (host) => inspect(session, host, { lock: "held" }), { wait: 0 });
  } catch (error) {
    if (isExpected(error)) return undefined;
    throw error;
  }
}

function askAlone(host: Host): Promise<Inspection<DriverState>> {
  return host.driver.inspect(host, host.io);
}

/**
 * Asks providers for many machines. A driver that can is asked once, for all of its machines, when the first of them
 * needs it; a machine that it leaves out is asked for alone.
 */
export function askTogether(session: Session, machines: readonly StoredMachine[]): AskProvider {
  const asked = new Map<string, ReturnType<NonNullable<Driver["inspectAll"]>>>();
  const hasOwn = (name: string): boolean => existsSync(machinePaths(session.store.root, name).credentials);
  return async (host) => {
    const { driver, name } = host;
    if (hasOwn(name)) return askAlone(host);
    let all = asked.get(driver.name);
    if (all === undefined && driver.inspectAll !== undefined) {
      // One with credentials of its own is asked by these.
      const ours = machines.filter(({ name, config }) => config.DriverName === driver.name && !hasOwn(name));
      all = driver.inspectAll(
        ours.map(({ name, dir, config }) => ({ name, dir, state: config.Driver })),
        providerIo(session),
      );
      asked.set(driver.name, all);
    }
    return (await all)?.get(name) ?? askAlone(host);
  };
}
