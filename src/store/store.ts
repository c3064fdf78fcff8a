import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { getSystemErrorMap } from "node:util";
import { isMachineError, MachineError, messageOf } from "../driver/index.js";
import { checkConfig, type MachineConfig } from "./config.js";
import { fileFailure, isSystemError, makeDirectory, renameDirectory, replaceFile } from "./file.js";
import { checkJournal, type Journal } from "./journal.js";
import { encodeJson, isObject, parseJson, type JsonObject } from "./json.js";
import { withLock, type LockOptions } from "./lock.js";
import { configVersion, migrate, versionOf } from "./migrate.js";
import { machinePaths, storePaths, type StorePaths } from "./paths.js";
import { relocate } from "./relocate.js";

export interface StoredMachine {
  readonly name: string;
  readonly dir: string;
  readonly config: MachineConfig;
}

/** A machine whose config.json cannot be used: it is listed, and can be removed. */
export interface BrokenMachine {
  readonly name: string;
  readonly dir: string;
  readonly error: MachineError;
}

/**
 * The directories of all machines. Reading never writes and takes no lock.
 * Whoever writes holds the machine's lock; a name that cannot be one is never looked for on the disk.
 */
export interface Store {
  readonly root: string;
  readonly paths: StorePaths;
  /** The machine's directory, whether it exists or not. @throws MachineError `not-found` for what can be no name */
  dir(name: string): string;
  /** Bytewise order. A store that is not there yet has none. */
  names(): Promise<string[]>;
  has(name: string): Promise<boolean>;
  /** @throws MachineError `not-found`; `failed` or `unsupported` for a broken config.json, naming the file */
  read(name: string): Promise<StoredMachine>;
  /** In the order of {@link Store.names}. One broken machine does not hide the others. */
  list(): Promise<(StoredMachine | BrokenMachine)[]>;
  /** @throws MachineError `failed` for a name that no machine may have, `exists` */
  checkFree(name: string): Promise<void>;
  /**
   * Takes the name by putting the machine's directory there in one move, with its config.json and its journal: of two
   * claims one succeeds, and one that fails or is cut off leaves the name free.
   * @throws MachineError as {@link Store.checkFree}
   */
  claim(name: string, config: MachineConfig, journal: Journal): Promise<void>;
  /** Replaces config.json. @throws MachineError `not-found` when the machine has no directory; `failed` for wrong types */
  save(name: string, config: MachineConfig): Promise<StoredMachine>;
  /** Reads, changes and replaces config.json; what `change` leaves alone, it keeps, also members that nobody knows. */
  write(name: string, change: (now: MachineConfig) => MachineConfig): Promise<StoredMachine>;
  /** Removes the directory with all that is in it: at once from the list, then from the disk. @throws MachineError `not-found` */
  remove(name: string): Promise<void>;
  /** Runs `work` under the machine's lock, which is not in its directory: `remove` may be part of the work. */
  lock<T>(name: string, work: () => Promise<T>, options?: LockOptions): Promise<T>;
  /** The same for a lock that is no machine's: `ca`, or a name that a driver chose. */
  lockNamed<T>(name: string, work: () => Promise<T>, options?: LockOptions): Promise<T>;
  /** What an interrupted create or provision left; undefined when there is nothing to go on with. */
  readJournal(name: string): Promise<Journal | undefined>;
  writeJournal(name: string, journal: Journal): Promise<void>;
  removeJournal(name: string): Promise<void>;
}

/** What goes for all locks of this store. */
export interface StoreOptions extends LockOptions {
  /** What the user typed, for those who find a lock taken. */
  readonly command: string;
}

/** @param root absolute path, which need not exist */
export function openStore(root: string, { command, ...lockDefaults }: StoreOptions): Store {
  const paths = storePaths(root);
  const read = (name: string): Promise<StoredMachine> => readMachine(root, name);
  const save = (name: string, config: MachineConfig): Promise<StoredMachine> => saveMachine(root, name, config);
  return {
    root,
    paths,
    dir: (name) => pathsOf(root, name).dir,
    names: () => machineNames(paths.machines),
    has: (name) => hasMachine(root, name),
    read,
    list: () => listMachines(root),
    checkFree: (name) => checkFree(root, name),
    claim: (name, config, journal) => claimName(root, name, config, journal),
    save,
    write: async (name, change) => save(name, change((await read(name)).config)),
    remove: (name) => removeMachine(root, name),
    lock: (name, work, options) =>
      withLock(paths.machineLocks, name, { command }, work, { ...lockDefaults, ...options }),
    lockNamed: (name, work, options) => withLock(paths.locks, name, { command }, work, { ...lockDefaults, ...options }),
    readJournal: (name) => readJournal(root, name),
    writeJournal: async (name, journal) => {
      const { progress } = pathsOf(root, name);
      await inMachine(name, () => replaceFile(progress, encodeJson(journal)));
    },
    removeJournal: async (name) => {
      const { progress } = pathsOf(root, name);
      await inMachine(name, () => rm(progress, { force: true }));
    },
  };
}

/** @throws MachineError `not-found` for what cannot be the name of a machine's directory */
function pathsOf(root: string, name: string): ReturnType<typeof machinePaths> {
  if (!isDirectoryName(name)) throw notFound(name);
  return machinePaths(root, name);
}

function isDirectoryName(name: string): boolean {
  return name !== "" && !name.startsWith(".") && !/[/\\:\0]/.test(name);
}

function notFound(name: string): MachineError {
  const advice = `Use "docker-machine ls" to list machines. Use "docker-machine create" to add a new one.`;
  return new MachineError("not-found", `Docker machine "${name}" does not exist. ${advice}`);
}

async function machineNames(machines: string): Promise<string[]> {
  try {
    const entries = await readdir(machines, { withFileTypes: true });
    const areMachines = await Promise.all(
      entries.map(async (entry) => {
        const isLinked = entry.isSymbolicLink() && (await isDirectory(join(machines, entry.name)));
        return isDirectoryName(entry.name) && (entry.isDirectory() || isLinked);
      }),
    );
    const names = entries.filter((_, index) => areMachines[index]).map(({ name }) => name);
    return names.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw new MachineError("failed", explain(machines, error), { cause: error });
  }
}

async function hasMachine(root: string, name: string): Promise<boolean> {
  return isDirectoryName(name) && (await isDirectory(machinePaths(root, name).dir));
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP")) return false;
    throw new MachineError("failed", explain(path, error), { cause: error });
  }
}

async function readMachine(root: string, name: string): Promise<StoredMachine> {
  const { dir, config } = pathsOf(root, name);
  try {
    const place = { name, root };
    return { name, dir, config: relocate(checkConfig(migrate(await readObject(config), place)), place) };
  } catch (error) {
    if (!(await hasMachine(root, name))) throw notFound(name);
    throw broken(name, config, error);
  }
}

async function readObject(path: string): Promise<JsonObject> {
  const json = parseJson(await readFile(path, "utf8"));
  if (!isObject(json)) throw new MachineError("failed", "must be an object");
  return json;
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

async function listMachines(root: string): Promise<(StoredMachine | BrokenMachine)[]> {
  const names = await machineNames(storePaths(root).machines);
  const machines: (StoredMachine | BrokenMachine)[] = [];
  // Some at a time, so that a large store does not use up the file descriptors.
  for (let at = 0; at < names.length; at += 32) {
    const some = await Promise.all(names.slice(at, at + 32).map((name) => readOrBroken(root, name)));
    machines.push(...some.filter((one) => one !== undefined));
  }
  return machines;
}

/** Undefined for a machine that was removed since its name was read. */
async function readOrBroken(root: string, name: string): Promise<StoredMachine | BrokenMachine | undefined> {
  try {
    return await readMachine(root, name);
  } catch (error) {
    const { dir, config } = machinePaths(root, name);
    if (!isMachineError(error)) return { name, dir, error: broken(name, config, error) };
    return error.code === "not-found" ? undefined : { name, dir, error };
  }
}

async function checkFree(root: string, name: string): Promise<void> {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9\-.]*$/.test(name)) {
    throw new MachineError("failed", "Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -");
  }
  if (await hasMachine(root, name)) throw taken(name);
}

function taken(name: string): MachineError {
  return new MachineError("exists", `Docker machine "${name}" already exists`);
}

async function claimName(root: string, name: string, config: MachineConfig, journal: Journal): Promise<void> {
  await checkFree(root, name);
  const half = `${halfPrefix}${name}`;
  const { dir, config: path, progress } = machinePaths(root, half);
  try {
    // What a claim left that was cut off: this name's lock is ours.
    await rm(dir, { recursive: true, force: true });
    await makeDirectory(dir);
    await replaceFile(progress, encodeJson(journal));
    await replaceFile(path, encodeJson(checkConfig({ ...config })));
    await renameDirectory(dir, machinePaths(root, name).dir);
  } catch (error) {
    await rm(dir, { recursive: true, force: true }).catch(() => undefined);
    if (isSystemError(error, "EEXIST", "ENOTEMPTY")) throw taken(name);
    throw fileFailure(`${name}: could not be saved`, error);
  }
}

async function saveMachine(root: string, name: string, config: MachineConfig): Promise<StoredMachine> {
  const { dir, config: path, configBackup } = pathsOf(root, name);
  const text = encodeJson(checkConfig({ ...config }));
  await inMachine(name, async () => {
    const outdated = await textBeforeMigration(path);
    if (outdated !== undefined) await replaceFile(configBackup, outdated);
    await replaceFile(path, text);
  });
  return { name, dir, config };
}

/** The bytes of a config.json of an earlier version. */
async function textBeforeMigration(path: string): Promise<Uint8Array | undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  });
  return bytes !== undefined && isOutdated(bytes.toString("utf8")) ? bytes : undefined;
}

/** What is no config.json at all may be replaced without a copy. */
function isOutdated(text: string): boolean {
  try {
    const json = parseJson(text);
    return isObject(json) && versionOf(json) < configVersion;
  } catch {
    return false;
  }
}

/** Does `work` in the machine's directory, with errors that a user understands. */
async function inMachine(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) throw notFound(name);
    throw fileFailure(`${name}: could not be saved`, error);
  }
}

/** Directories of machines that are not there yet, or not any more. */
const [halfPrefix, asidePrefix] = [".creating-", ".removing-"];

/** Renamed first, so that a half-removed machine is never listed; what an earlier removal had to leave goes as well. */
async function removeMachine(root: string, name: string): Promise<void> {
  const { dir } = pathsOf(root, name);
  const { machines } = storePaths(root);
  const aside = join(machines, `${asidePrefix}${name}-${crypto.randomUUID()}`);
  try {
    await rename(dir, aside);
    await rm(aside, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (isSystemError(error, "ENOENT")) throw notFound(name);
    throw fileFailure(`${name}: could not be removed`, error);
  }
  const left = (await readdir(machines)).filter((entry) => entry.startsWith(asidePrefix));
  await Promise.allSettled(left.map((entry) => rm(join(machines, entry), { recursive: true, force: true })));
}

async function readJournal(root: string, name: string): Promise<Journal | undefined> {
  const { progress } = pathsOf(root, name);
  try {
    return checkJournal(await readObject(progress));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw broken(name, progress, error);
  }
}
