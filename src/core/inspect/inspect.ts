import {
  type Driver,
  type DriverState,
  type Inspection,
  type Machine,
  type Status,
  isExpected,
} from "../../driver/index.js";
import type { StoredMachine } from "../../store/store.js";
import { hostWith, type Host } from "../host/host.js";
import { machineIo, providerIo } from "../session/io.js";
import type { Session } from "../session/session.js";

/** Asks the provider of a machine. @throws what its driver throws */
export type Inspect = (driver: Driver, machine: Machine) => Promise<Inspection<DriverState>>;

/**
 * Asks providers for many machines. A driver that can is asked once, for all of its machines, when the first of them
 * needs it; a machine that it leaves out is asked for alone.
 */
export function inspectTogether(session: Session, machines: readonly StoredMachine[]): Inspect {
  const asked = new Map<string, ReturnType<NonNullable<Driver["inspectAll"]>>>();
  return async (driver, machine) => {
    let all = asked.get(driver.name);
    if (all === undefined && driver.inspectAll !== undefined) {
      const ours = machines.filter(({ config }) => config.DriverName === driver.name);
      all = driver.inspectAll(
        ours.map(({ name, dir, config }) => ({ name, dir, state: config.Driver })),
        providerIo(session),
      );
      asked.set(driver.name, all);
    }
    return (await all)?.get(machine.name) ?? driver.inspect(machine, machineIo(session, machine));
  };
}

export interface Found {
  readonly status: Status;
  /** The very one that was asked for, where nothing has changed. */
  readonly host: Host;
}

/**
 * Asks the driver of one machine. What has changed behind our back, e.g. the address after a start by the provider's own
 * console, is saved, unless somebody else works on the machine or the store cannot be written.
 */
export async function findHost(session: Session, host: Host): Promise<Found> {
  const { status, state } = await host.driver.inspect(host.machine, host.io);
  if (state === undefined) return { status, host };
  const { saveFound } = await import("./save-changes.js");
  try {
    await session.store.lock(host.name, () => saveFound(session, host, state), { wait: 0 });
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
  return { status, host: hostWith(host, state) };
}
