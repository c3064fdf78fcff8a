import type { Driver, DriverState, Inspection, Machine } from "../driver/index.js";
import type { StoredMachine } from "../store/store.js";
import { machineIo, providerIo } from "./io.js";
import type { Session } from "./session.js";

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
