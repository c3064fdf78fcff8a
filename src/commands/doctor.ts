import { examine, type Result } from "../core/doctor/doctor.js";
import type { Session } from "../core/session/session.js";
import { text, type Driver } from "../driver/index.js";
import type { BrokenMachine, StoredMachine } from "../store/store.js";
import { valuesOf } from "../cli/arguments.js";
import { defineCommand } from "../cli/command.js";
import { allDrivers } from "../core/session/all-drivers.js";

export const doctor = defineCommand({
  usage: "[OPTIONS] [NAME...]",
  options: {
    driver: text({ help: "Driver to look at; default: those of the machines named, or all", short: "d", env: null }),
  },

  takesDriver: "typed",

  usesSettings: true,

  async run({ args, chosen, presets, session, out }) {
    const machines = await machinesOf(session, args, chosen?.driver);
    const sections = await examine(session, {
      drivers: chosen === undefined ? await driversOf(session, args, machines) : [chosen.driver],
      wanted: chosen?.driver,
      valuesOf: ({ options, name }) => Promise.resolve(chosen?.values ?? valuesOf(options, [], presets, name)),
      machines,
      limit: 10_000,
    });
    out.text(...sections.flatMap(({ title, results }) => [title, ...results.map((one) => `  ${lineOf(one)}`)]));
    out.json(sections);
    return sections.some(({ results }) => results.some(({ level }) => level === "problem")) ? 1 : 0;
  },
});

type Stored = StoredMachine | BrokenMachine;

/** The machines named; without a name all, or those of the driver. @throws MachineError `not-found` */
async function machinesOf(
  { store }: Session,
  names: readonly string[],
  driver: Driver | undefined,
): Promise<readonly Stored[]> {
  const all = await store.list();
  if (names.length === 0) {
    return driver === undefined ? all : all.filter((one) => "config" in one && one.config.DriverName === driver.name);
  }
  return Promise.all([...new Set(names)].map(async (name) => all.find((one) => one.name === name) ?? store.read(name)));
}

/** A machine whose driver is unknown says so itself. */
async function driversOf(
  session: Session,
  names: readonly string[],
  machines: readonly Stored[],
): Promise<readonly Driver[]> {
  const used = new Set(machines.map((one) => ("config" in one ? one.config.DriverName : "")));
  return (await allDrivers(session)).filter(({ name }) => names.length === 0 || used.has(name));
}

function lineOf({ level, what, text, hint }: Result): string {
  return `${level.padEnd(9)}${what}: ${text}${hint === undefined ? "" : `; ${hint}`}`;
}
