import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { getSystemErrorMap } from "node:util";
import {
  isMachineError,
  isSystemError,
  MachineError,
  messageOf,
  refuseStrangeFiles,
  type Transport,
  isObject,
  type JsonObject,
} from "../driver/index.js";
import { checkConfig, type MachineConfig } from "./config.js";
import { checkJournal, type Journal } from "./journal.js";
import { parseJson } from "./json.js";
import { migrate } from "./migrate.js";
import { machinePaths, storePaths } from "./paths.js";
import { relocate } from "./relocate.js";
import { readTransport } from "./transport.js";

export interface StoredMachine {
  readonly name: string;
  readonly dir: string;
  readonly config: MachineConfig;
  readonly transport: Transport;
}

/** A machine whose config.json cannot be used: it is listed, and can be removed. */
export interface BrokenMachine {
  readonly name: string;
  readonly dir: string;
  readonly error: MachineError;
}

/** @throws MachineError `not-found` for what cannot be the name of a machine's directory */
export function pathsOf(root: string, name: string): ReturnType<typeof machinePaths> {
  if (!isMachineName(name)) throw notFound(name);
  return machinePaths(root, name);
}

/** docker-machine's rule. A directory with another name, which no `create` has made, is not one of a machine. */
export function isMachineName(name: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9\-.]*$/.test(name);
}

/** In docker-machine's words. */
export function notFound(name: string): MachineError {
  const advice = `Use "docker-machine ls" to list machines. Use "docker-machine create" to add a new one.`;
  return new MachineError("not-found", `Docker machine "${name}" does not exist. ${advice}`);
}

/** Bytewise order; none where there is no such directory. */
export function machineNames(machines: string): string[] {
  try {
    const names = readdirSync(machines, { withFileTypes: true })
      .filter((entry) => isMachineName(entry.name) && (entry.isDirectory() || entry.isSymbolicLink()))
      .filter((entry) => entry.isDirectory() || isDirectory(join(machines, entry.name)))
      .map(({ name }) => name);
    return names.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw new MachineError("failed", explain(machines, error), { cause: error });
  }
}

/** A directory is a machine, whatever is in it. */
export function hasMachine(root: string, name: string): boolean {
  return isMachineName(name) && isDirectory(machinePaths(root, name).dir);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP")) return false;
    throw new MachineError("failed", explain(path, error), { cause: error });
  }
}

/** @throws MachineError `not-found`; `failed` for a broken one, `unsupported` for one of a later version */
export function readMachine(root: string, name: string): StoredMachine {
  const { dir, config, transport } = pathsOf(root, name);
  refuseStrangeFiles(dir);
  try {
    const place = { name, root };
    return {
      name,
      dir,
      config: relocate(checkConfig(migrate(readObject(config), place)), place),
      transport: readTransport(transport),
    };
  } catch (error) {
    if (!hasMachine(root, name)) throw notFound(name);
    throw broken(name, config, error);
  }
}

function readObject(path: string): JsonObject {
  const json = parseJson(readFileSync(path, "utf8"));
  if (!isObject(json)) throw new MachineError("failed", "must be an object");
  if (isDeep(json, 100)) throw new MachineError("failed", "is nested too deeply");
  return json;
}

/** Deeper than `left` levels: what works through it would run out of stack. */
function isDeep(value: unknown, left: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return left === 0 || Object.values(value).some((one) => isDeep(one, left - 1));
}

function broken(name: string, path: string, error: unknown): MachineError {
  const code = isMachineError(error) ? error.code : "failed";
  const why = isMachineError(error) ? error.hint : undefined;
  return new MachineError(code, `${name} is broken: ${explain(path, error)}`, {
    hint: why ?? `mend or restore that file, or remove the machine: machine rm -f ${name}`,
    cause: error,
  });
}

/** `open P: no such file or directory`, as Go says it, or `P: REASON`. */
function explain(path: string, error: unknown): string {
  const errno = error instanceof Error && "errno" in error ? Number(error.errno) : Number.NaN;
  const reason = getSystemErrorMap().get(errno)?.[1];
  return reason === undefined ? `${path}: ${messageOf(error)}` : `open ${path}: ${reason}`;
}

/** Never fails for one that is broken. */
export function listMachines(root: string): (StoredMachine | BrokenMachine)[] {
  return machineNames(storePaths(root).machines)
    .map((name) => readOrBroken(root, name))
    .filter((one) => one !== undefined);
}

/** Undefined for a machine that was removed since its name was read. */
function readOrBroken(root: string, name: string): StoredMachine | BrokenMachine | undefined {
  try {
    return readMachine(root, name);
  } catch (error) {
    const { dir, config } = machinePaths(root, name);
    if (!isMachineError(error)) return { name, dir, error: broken(name, config, error) };
    return error.code === "not-found" ? undefined : { name, dir, error };
  }
}

/** Undefined: nothing was cut off. @throws MachineError `failed` for a broken one */
export function readJournal(root: string, name: string): Journal | undefined {
  const { progress } = pathsOf(root, name);
  try {
    return checkJournal(readObject(progress));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw broken(name, progress, error);
  }
}
