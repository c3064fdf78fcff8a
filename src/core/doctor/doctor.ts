import {
  failed,
  isMachineError,
  isNotInstalled,
  MachineError,
  type Check,
  type Driver,
  type Finding,
  type Io,
  type Options,
  type Values,
} from "../../driver/index.js";
import { withTimeout } from "../../shell/with-timeout.js";
import type { BrokenMachine, StoredMachine } from "../../store/store.js";
import { machineIo, providerIo } from "../session/io.js";
import type { Session } from "../session/session.js";
import { machineChecks } from "./machine.js";
import { storeChecks } from "./store.js";

/** What one check says. A note is for who wants to use what is not installed. */
export interface Result {
  readonly what: string;
  readonly level: Finding["level"] | "note" | "problem";
  /** One line, as is the hint. */
  readonly text: string;
  readonly hint?: string | undefined;
}

/** What the checks of a driver, of the store or of a machine say. */
export interface Section {
  /** e.g. `driver qemu`. */
  readonly title: string;
  readonly results: readonly Result[];
}

export interface Examination {
  readonly drivers: readonly Driver[];
  /** The driver that was asked for by name: what it needs must be there. */
  readonly wanted: Driver | undefined;
  /** The options that a create would have. @throws MachineError `usage` */
  readonly valuesOf: (driver: Driver) => Promise<Values<Options>>;
  readonly machines: readonly (StoredMachine | BrokenMachine)[];
  /** Milliseconds after which a check is given up. */
  readonly limit: number;
}

/** Runs all checks at once. Nothing is changed, and nobody is asked for anything. Without checks there is no section. */
export async function examine(given: Session, examination: Examination): Promise<readonly Section[]> {
  const { drivers, wanted, machines, valuesOf, limit } = examination;
  const session: Session = { ...given, ask: () => Promise.resolve(undefined) };
  const used = new Set(machines.map((one) => ("config" in one ? one.config.DriverName : "")));
  const section = async (title: string, checks: readonly Check[], about: Partial<Circumstances> = {}) => {
    const circumstances = { session, limit, ioOf: providerIo, isNeeded: true, ...about };
    const results = await Promise.all(checks.map((check) => carryOut(check, circumstances)));
    return { title, results: results.filter((result) => result !== undefined) };
  };
  const sections = await Promise.all([
    ...drivers.map(async (driver) =>
      section(`driver ${driver.name}`, await driverChecks(driver, valuesOf), {
        isNeeded: driver === wanted || used.has(driver.name),
      }),
    ),
    section(`store ${session.store.root}`, storeChecks(session)),
    ...machines.map((one) =>
      section(`machine ${one.name}`, machineChecks(session, one), { ioOf: (limited) => machineIo(limited, one) }),
    ),
  ]);
  return sections.filter(({ results }) => results.length > 0);
}

/** What is wrong with the options, e.g. in a variable, is a finding as well. */
async function driverChecks(driver: Driver, valuesOf: Examination["valuesOf"]): Promise<readonly Check[]> {
  try {
    return (await driver.doctor?.(await valuesOf(driver))) ?? [];
  } catch (error) {
    if (!isMachineError(error)) throw error;
    return [failed("options", error)];
  }
}

interface Circumstances {
  readonly session: Session;
  readonly limit: number;
  readonly ioOf: (session: Session) => Io;
  /** A program that is not installed is a problem. */
  readonly isNeeded: boolean;
}

async function carryOut(
  { what, run }: Check,
  { session, limit, ioOf, isNeeded }: Circumstances,
): Promise<Result | undefined> {
  const ending = new AbortController();
  const signal = AbortSignal.any([session.signal, ending.signal]);
  const late = (): MachineError =>
    new MachineError("unreachable", `there was no answer within ${String(limit / 1000)} s`);
  const stop = (): void => {
    ending.abort();
  };
  try {
    const work = Promise.resolve(run(ioOf({ ...session, signal })));
    const finding = await withTimeout(work, { signal, deadline: { after: limit, error: late }, stop });
    return finding && { what, ...finding };
  } catch (error) {
    if (!isMachineError(error) || session.signal.aborted) throw error;
    const level = isNotInstalled(error) && !isNeeded ? "note" : "problem";
    return { what, level, text: oneLine(error.message), hint: error.hint && oneLine(error.hint) };
  }
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, "; ");
}
