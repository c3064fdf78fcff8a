import { findDriver } from "../core/registry.js";
import { text, type Driver, type Option } from "../driver/index.js";
import { declare, flagIn, isNamed } from "../ui/arguments.js";
import type { Command } from "./command.js";

const fallback = "container";

/** For commands that take a driver's options beside their own: see {@link chosenDriver}. */
export function driverOption(help: string): Option<string> {
  return text({ help, short: "d", env: "MACHINE_DRIVER", default: fallback });
}

/** The driver that the words of such a command choose, else MACHINE_DRIVER, else the settings, else the default. */
export const chosenDriver: NonNullable<Command["driver"]> = (argv, env, { driver }): Promise<Driver> =>
  findDriver((typedDriver(argv) ?? env["MACHINE_DRIVER"]) || (typeof driver === "string" ? driver : fallback));

/** The first `--driver X`, `-d X`, `--driver=X` or `-d=X`; what follows `--` does not count. */
function typedDriver(argv: readonly string[]): string | undefined {
  const [one] = declare({ driver: driverOption("") });
  for (const [index, word] of argv.entries()) {
    if (word === "--") return undefined;
    const read = flagIn(word);
    if (one !== undefined && read !== undefined && isNamed(one, read.name)) return read.value ?? argv[index + 1];
  }
  return undefined;
}
