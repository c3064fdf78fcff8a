import { allDrivers } from "../../core/session/all-drivers.js";
import type { Session } from "../../core/session/session.js";
import { text, type Option } from "../../driver/index.js";
import { declare, type Declared } from "../../cli/arguments.js";

/** For commands that take a driver's options beside their own: `takesDriver`. */
export function driverOption(help: string): Option<string> {
  return text({ help, short: "d", env: "MACHINE_DRIVER", default: "container" });
}

/** The options of all drivers. */
export async function driverOptions(session: Session): Promise<Declared[]> {
  return (await allDrivers(session)).flatMap(({ name, options }) => declare(options, name));
}
