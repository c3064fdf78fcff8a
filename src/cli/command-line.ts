import { findDriver } from "../core/session/registry.js";
import type { Driver } from "../driver/index.js";
import { declare, firstValue, parseArguments, valuesOf, type Declared, type Presets } from "./arguments.js";
import { commonOptions, type Command } from "./command.js";

/**
 * What the words after a command's name mean to it.
 * @param root of the store, which may have drivers of its own
 * @throws MachineError `usage`, and `not-found` for the driver
 */
export async function readCommandLine(command: Command, argv: readonly string[], presets: Presets, root: string) {
  const driver = await chosenDriver(command, argv, presets, root);
  const { given, positionals } =
    command.verbatim === true ? { given: {}, positionals: argv } : parseArguments(argv, declaredBy(command, driver));
  return {
    args: positionals,
    values: valuesOf({ ...command.options, ...commonOptions }, [given], presets),
    chosen: driver && { driver, values: valuesOf(driver.options, [given], presets, driver.name) },
  };
}

/** The driver that the words choose, or what counts where they choose none: see {@link Command.takesDriver}. */
export async function chosenDriver(
  { takesDriver, options: { driver: option } }: Command,
  argv: readonly string[],
  presets: Presets,
  root: string,
): Promise<Driver | undefined> {
  if (takesDriver === undefined || option === undefined) return undefined;
  const options = { driver: option };
  const typed = { driver: firstValue(argv, declare(options)) || undefined };
  const { driver: name } = takesDriver === "typed" ? typed : valuesOf(options, [typed], presets);
  return typeof name === "string" ? findDriver(name, root) : undefined;
}

/** All flags that a command takes, those of its driver included. */
export function declaredBy({ options }: Command, driver: Driver | undefined): readonly Declared[] {
  const own = declare({ ...options, ...commonOptions });
  return driver === undefined ? own : [...own, ...declare(driver.options, driver.name)];
}
