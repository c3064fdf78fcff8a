import { driverNames } from "../../core/session/registry.js";
import type { Session } from "../../core/session/session.js";
import {
  fromEnv,
  isMachineError,
  resolve,
  text,
  type Driver,
  type Given,
  type Option,
  type Options,
  type Values,
} from "../../driver/index.js";
import { readSettings } from "../../store/settings.js";
import { declare, flagIn, isNamed, keptFor, type Declared } from "../../cli/arguments.js";
import type { Command } from "../../cli/command.js";

const fallback = "container";

/** For commands that take a driver's options beside their own: see {@link chosenDriver}. */
export function driverOption(help: string): Option<string> {
  return text({ help, short: "d", env: "MACHINE_DRIVER", default: fallback });
}

/** The driver that the words of such a command choose, else MACHINE_DRIVER, else the settings, else the default. */
export const chosenDriver: NonNullable<Command["driver"]> = (
  argv,
  { env, settings: { driver }, findDriver },
): Promise<Driver> =>
  findDriver((typedDriver(argv) ?? env["MACHINE_DRIVER"]) || (typeof driver === "string" ? driver : fallback));

/** The options of a driver as `create` would have them, were none typed: from variables and settings. */
export function givenOptions({ options, name }: Driver, session: Session): Promise<Values<Options>> {
  return valuesOf(options, session, [], name);
}

/** The values of options as `create` has them. @param given by the names of flags; what comes first goes before */
export async function valuesOf<O extends Options>(
  options: O,
  { env, store }: Session,
  given: readonly Given[],
  prefix = "",
): Promise<Values<O>> {
  const declared = declare(options, prefix);
  const named = given.map((one) => keptFor(declared, one));
  const kept = keptFor(declared, await readSettings(store.root));
  return resolve(options, [...named, fromEnv(options, env, prefix), kept], prefix);
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

/** The first `--driver X`, `-d X`, `--driver=X` or `-d=X`; what follows `--` does not count. */
export function typedDriver(argv: readonly string[]): string | undefined {
  const [one] = declare({ driver: driverOption("") });
  for (const [index, word] of argv.entries()) {
    if (word === "--") return undefined;
    const read = flagIn(word);
    if (one !== undefined && read !== undefined && isNamed(one, read.name)) return read.value ?? argv[index + 1];
  }
  return undefined;
}
