import { driverNames } from "../../core/session/registry.js";
import type { Session } from "../../core/session/session.js";
import { isMachineError, text, type Driver, type Option } from "../../driver/index.js";
import { declare, type Declared } from "../../cli/arguments.js";

/** For commands that take a driver's options beside their own: `takesDriver`. */
export function driverOption(help: string): Option<string> {
  return text({ help, short: "d", env: "MACHINE_DRIVER", default: "container" });
}

/** The options of all drivers. */
export async function driverOptions(session: Session): Promise<Declared[]> {
  return (await allDrivers(session)).flatMap(({ name, options }) => declare(options, name));
}

/** All drivers that can be loaded; it is told why one cannot. */
export async function allDrivers(session: Session): Promise<readonly Driver[]> {
  const load = (name: string): Promise<readonly Driver[]> =>
    session.findDriver(name).then(
      (driver) => [driver],
      (error: unknown) => {
        if (!isMachineError(error)) throw error;
        session.tell(`The driver ${name} is left out: ${error.message}`);
        return [];
      },
    );
  return (await Promise.all((await driverNames(session.store.root)).map(load))).flat();
}
