import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CreateRequest } from "../../core/create/plan.js";
import type { Session } from "../../core/session/session.js";
import {
  isMachineError,
  MachineError,
  messageOf,
  templatesFolder,
  type Driver,
  type JsonObject,
} from "../../driver/index.js";
import { parseYaml } from "../../ui/yaml.js";
import { declare, valuesOf } from "../../cli/arguments.js";
import type { Call } from "../../cli/command.js";
import { machineOptions, requestsOf } from "../create/request.js";
import { described, entryOptions, labOptions, type Report } from "./entries.js";

type LabReading = Pick<Call, "session" | "presets" | "out">;

export interface LabMachine {
  /** Where it is described: `lab.yaml:3:5`, file, line and column. */
  readonly place: string;
  readonly request: CreateRequest;
  /** The store has a machine of that name. */
  readonly isThere: boolean;
}

/**
 * Reads a lab file, in YAML:
 *
 *     defaults:               # for every machine that does not say otherwise
 *       driver: generic
 *     machines:
 *       web:
 *         generic-ip-address: 192.0.2.7
 *       node:
 *         count: 3            # node-1, node-2 and node-3
 *         generic-ip-address: 192.0.2.1<n>
 *
 * Keys are the long flags of `create` and of the drivers; among the defaults, those of other drivers do not count. What
 * the file leaves out comes from variables and settings, as for `create`; lists add up.
 * @throws MachineError `usage` with every problem and its place; `not-found`
 */
export async function readLab(call: LabReading, file: string): Promise<readonly LabMachine[]> {
  const { session } = call;
  const { value, errors, placeOf } = await parseYaml(await textOf(file));
  if (errors.length > 0) {
    throw new MachineError("usage", errors.map(({ place, message }) => `${file}:${place}: ${message}`).join("\n"));
  }
  // Machines that are counted may have the same problem.
  const problems = new Set<string>();
  const report: Report = (keys, problem) => problems.add(`${file}:${placeOf(keys)}: ${problem}`);
  const machines = new Map<string, LabMachine>();
  for (const { keys, name, own, defaults } of described(value, await labOptions(session), report)) {
    try {
      const isThere = await hasMachine(session, name);
      const request = await requestOf(call, name, [own, defaults]);
      for (const flag of foreign(own, request.driver)) {
        report([...keys, flag], `the driver ${request.driver.name} has no option ${flag}`);
      }
      if (machines.has(name)) report(keys, `the name ${name} is taken by another machine of this lab`);
      machines.set(name, { place: `${file}:${placeOf(keys)}`, request, isThere });
    } catch (error) {
      if (!isMachineError(error)) throw error;
      report(keys, `${name}: ${error.message}`);
    }
  }
  if (problems.size === 0) return [...machines.values()];
  const inOrder = [...problems].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  throw new MachineError("usage", inOrder.join("\n"), {
    hint: "keys are the flags that machine create -d DRIVER --help lists",
  });
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const labs = join(await templatesFolder(import.meta.dirname), "labs");
    throw new MachineError("not-found", `the lab cannot be read: ${messageOf(cause)}`, {
      hint: `there are some to begin with in ${labs}`,
      cause,
    });
  }
}

async function hasMachine({ store }: Session, name: string): Promise<boolean> {
  return store.checkFree(name).then(
    () => false,
    (error: unknown) => {
      if (isMachineError(error) && error.code === "exists") return true;
      throw error;
    },
  );
}

async function requestOf(call: LabReading, name: string, given: readonly JsonObject[]): Promise<CreateRequest> {
  const values = valuesOf(machineOptions, given, call.presets);
  const found = await call.session.findDriver(values.driver);
  const chosen = valuesOf(found.options, given, call.presets, found.name);
  return requestsOf(values, call)({ name, driver: found, values: chosen });
}

/** What is given to a machine and is another driver's. */
function foreign(own: JsonObject, { name, options }: Driver): readonly string[] {
  const taken = [...declare({ ...machineOptions, ...entryOptions }), ...declare(options, name)];
  return Object.keys(own).filter((flag) => !taken.some((one) => one.flag === flag));
}
