import { driverNames } from "../../core/session/registry.js";
import type { Session } from "../../core/session/session.js";
import { choice, integer, messageOf, isObject, type JsonObject } from "../../driver/index.js";
import { declare, type Declared } from "../../cli/arguments.js";
import { machineOptions } from "../create/request.js";
import { driverOptions } from "../create/driver-options.js";

/** What only a machine itself takes, no defaults. */
export const entryOptions = {
  count: integer({
    help: "How many of it there are: NAME-1, NAME-2, ...; <n> in a value is the number",
    min: 1,
    max: 999,
  }),
};

/** All that machines of a lab may be given. */
export interface LabOptions {
  readonly defaults: readonly Declared[];
  /** Beside those, what only a machine itself may be given. */
  readonly entry: readonly Declared[];
}

export async function labOptions(session: Session): Promise<LabOptions> {
  const { driver } = machineOptions;
  const known = choice(await driverNames(session.store.root), { ...driver, default: driver.default });
  return {
    defaults: [...declare({ ...machineOptions, driver: known }), ...(await driverOptions(session))],
    entry: declare(entryOptions),
  };
}

/** Tells what is wrong with what stands under these keys. */
export type Report = (keys: readonly string[], problem: string) => void;

/** One machine, with those of its options that are right. */
export interface Described {
  readonly keys: readonly string[];
  readonly name: string;
  readonly own: JsonObject;
  readonly defaults: JsonObject;
}

/** The machines that a lab describes, those that are counted one by one. What is wrong is reported, and left out. */
export function described(value: unknown, known: LabOptions, report: Report): Described[] {
  const { defaults, machines, ...others } = mapOf(value, [], report);
  for (const key of Object.keys(others)) report([key], `a lab has defaults and machines, not ${key}`);
  const shared = mapOf(defaults, ["defaults"], report);
  const entries = Object.entries(mapOf(machines, ["machines"], report));
  if (entries.length === 0) report(["machines"], "the lab has no machines");
  const total = entries.reduce((sum, [, own]) => sum + (countOf(isObject(own) ? own : {}) ?? 1), 0);
  if (total > maxMachines) {
    report(["machines"], `the lab has ${String(total)} machines; the maximum is ${String(maxMachines)}`);
    return [];
  }
  return entries.flatMap(([entry, given]) => {
    const keys = ["machines", entry];
    const own = mapOf(given, keys, report);
    const count = countOf(own);
    return Array.from({ length: count ?? 1 }, (_, index) => ({
      keys,
      name: count === undefined ? entry : `${entry}-${String(index + 1)}`,
      own: sound(numbered(own, index + 1), [...known.defaults, ...known.entry], keys, report),
      defaults: sound(numbered(shared, index + 1), known.defaults, ["defaults"], report),
    })).filter((one) => "driver" in one.own === "driver" in own);
  });
}

/** More than anybody has in one lab: a small file must not keep a computer busy. */
const maxMachines = 1_000;

/** Of nothing, an empty map. */
function mapOf(value: unknown, keys: readonly string[], report: Report): JsonObject {
  if (isObject(value)) return value;
  if (value !== undefined && value !== null && value !== "") {
    report(keys, `${keys.at(-1) ?? "a lab"} must be a map: names, and what belongs to each`);
  }
  return {};
}

/** Undefined for a machine that is alone, and for a number that is none, which is reported with the other options. */
function countOf({ count }: JsonObject): number | undefined {
  try {
    return count === undefined ? undefined : entryOptions.count.parse(count);
  } catch {
    return undefined;
  }
}

function numbered(given: JsonObject, number: number): JsonObject {
  const put = (value: unknown): unknown => {
    if (typeof value === "string") return value.replaceAll("<n>", String(number));
    return Array.isArray(value) ? value.map(put) : value;
  };
  return Object.fromEntries(Object.entries(given).map(([flag, value]) => [flag, put(value)]));
}

/** What of it is an option and a value for that; the rest is reported. */
function sound(given: JsonObject, known: readonly Declared[], keys: readonly string[], report: Report): JsonObject {
  const right = Object.entries(given).filter(([flag, value]) => {
    const problem = problemOf(flag, value, known);
    if (problem !== undefined) report([...keys, flag], problem);
    return problem === undefined;
  });
  return Object.fromEntries(right);
}

function problemOf(flag: string, value: unknown, known: readonly Declared[]): string | undefined {
  const found = known.find((one) => one.flag === flag);
  if (found === undefined) return `there is no option ${flag}`;
  if (found.option.secret === true) return `${flag} is a secret, which belongs in a variable, not in a file`;
  try {
    found.option.parse(value);
    return undefined;
  } catch (error) {
    return `${flag} ${messageOf(error)}`;
  }
}
