import { promises as fs } from "node:fs";
import { join } from "node:path";
import {
  fileFailure,
  isSystemError,
  MachineError,
  refuseStrangeFiles,
  type Transport,
  isObject,
} from "../driver/index.js";
import { checkConfig, type MachineConfig } from "./config.js";
import type { KeptCredentials } from "./credentials.js";
import { makeDirectory, removeLeftovers, renameDirectory, replaceFile } from "./file.js";
import type { Journal } from "./journal.js";
import { encodeJson, parseJson } from "./json.js";
import { asidePrefix, halfPrefix } from "./leftovers.js";
import type { LockOptions } from "./lock.js";
import { configVersion, versionOf } from "./migrate.js";
import { storeId, savedStoreId } from "./store-id.js";
import { machinePaths, storePaths, type MachinePaths, type StorePaths } from "./paths.js";
import {
  hasMachine,
  isMachineName,
  listMachines,
  machineNames,
  notFound,
  pathsOf,
  readJournal,
  readMachine,
  type BrokenMachine,
  type StoredMachine,
} from "./read.js";
import { readTransport } from "./transport.js";

export type { BrokenMachine, StoredMachine } from "./read.js";

/**
 * The directories of all machines. Reading never writes and takes no lock.
 * Whoever writes holds the machine's lock; a name that cannot be one is never looked for on the disk.
 */
export interface Store {
  readonly root: string;
  readonly paths: StorePaths;
  /** The store's id, made when it is first asked for: see store-id.ts. */
  storeId(): Promise<string>;
  /** The same where it was made already. */
  savedStoreId(): Promise<string | undefined>;
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
   * @param transport default: tls
   * @param credentials see credentials.ts; default: none
   * @throws MachineError as {@link Store.checkFree}
   */
  claim(
    name: string,
    config: MachineConfig,
    journal: Journal,
    transport?: Transport,
    credentials?: KeptCredentials,
  ): Promise<void>;
  /** Replaces config.json. @throws MachineError `not-found` when the machine has no directory; `failed` for wrong types */
  save(name: string, config: MachineConfig): Promise<StoredMachine>;
  /** Reads, changes and replaces config.json; what `change` leaves alone, it keeps, also members that nobody knows. */
  write(name: string, change: (now: MachineConfig) => MachineConfig): Promise<StoredMachine>;
  /** Changes how docker clients reach the engine. Where that is ssh alone, the machine's certificates go. */
  setTransport(name: string, transport: Transport): Promise<void>;
  /** Removes what is left of earlier config.json's: the copy from before version 3, and writes that were cut off. */
  removeCopies(name: string): Promise<void>;
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

/**
 * What every command reads is read synchronously: a small file takes Node's thread pool many times as long as the file
 * system, and `node:fs/promises` is loaded only by what writes.
 * @param root absolute path, which need not exist
 */
export function openStore(root: string, { command, ...lockDefaults }: StoreOptions): Store {
  const paths = storePaths(root);
  refuseStrangeFiles(root, "top");
  const read = (name: string): Promise<StoredMachine> => promised(() => readMachine(root, name));
  const lockIn = (directory: string): Store["lock"] => {
    return async (name, work, options) => {
      // What only reads takes none.
      const { withLock } = await import("./lock.js");
      return withLock(directory, name, { command }, work, { ...lockDefaults, ...options });
    };
  };
  const lockNamed = lockIn(paths.locks);
  const save = (name: string, config: MachineConfig): Promise<StoredMachine> => saveMachine(root, name, config);
  return {
    root,
    paths,
    storeId: () => storeId(paths.owner, (work) => lockNamed("owner", work)),
    savedStoreId: () => savedStoreId(paths.owner),
    dir: (name) => pathsOf(root, name).dir,
    names: () => promised(() => machineNames(paths.machines)),
    has: (name) => promised(() => hasMachine(root, name)),
    read,
    list: () => promised(() => listMachines(root)),
    checkFree: (name) =>
      promised(() => {
        checkFree(root, name);
      }),
    claim: (name, ...given) => claimName(root, name, ...given),
    save,
    write: async (name, change) => save(name, change((await read(name)).config)),
    setTransport: (name, transport) => inMachine(name, () => setTransport(pathsOf(root, name), transport)),
    removeCopies: async (name) => {
      const { dir, configBackup } = pathsOf(root, name);
      await inMachine(name, () => fs.rm(configBackup, { force: true }));
      await removeLeftovers(dir);
    },
    remove: (name) => removeMachine(root, name),
    lock: lockIn(paths.machineLocks),
    lockNamed,
    readJournal: (name) => promised(() => readJournal(root, name)),
    writeJournal: async (name, journal) => {
      const { progress } = pathsOf(root, name);
      await inMachine(name, () => replaceFile(progress, encodeJson(journal)));
    },
    removeJournal: async (name) => {
      const { progress } = pathsOf(root, name);
      await inMachine(name, () => fs.rm(progress, { force: true }));
    },
  };
}

function promised<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function checkFree(root: string, name: string): void {
  if (!isMachineName(name)) {
    throw new MachineError("failed", "Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -");
  }
  if (hasMachine(root, name)) throw taken(name);
}

function taken(name: string): MachineError {
  return new MachineError("exists", `Docker machine "${name}" already exists`);
}

async function claimName(
  root: string,
  name: string,
  config: MachineConfig,
  journal: Journal,
  transport: Transport = "tls",
  credentials: KeptCredentials = {},
): Promise<void> {
  checkFree(root, name);
  const half = `${halfPrefix}${name}`;
  const paths = machinePaths(root, half);
  const { dir } = paths;
  try {
    // What a claim left that was cut off: this name's lock is ours.
    await fs.rm(dir, { recursive: true, force: true });
    await makeDirectory(dir);
    await replaceFile(paths.progress, encodeJson(journal));
    if (transport !== "tls") await replaceFile(paths.transport, `${transport}\n`);
    if (Object.keys(credentials).length > 0) await replaceFile(paths.credentials, encodeJson(credentials));
    await replaceFile(paths.config, encodeJson(checkConfig({ ...config })));
    await renameDirectory(dir, machinePaths(root, name).dir);
  } catch (error) {
    await fs.rm(dir, { recursive: true, force: true }).catch(() => undefined);
    if (isSystemError(error, "EEXIST", "ENOTEMPTY")) throw taken(name);
    throw fileFailure(`${name}: could not be saved`, error);
  }
}

async function saveMachine(root: string, name: string, config: MachineConfig): Promise<StoredMachine> {
  const { dir, config: path, configBackup, transport } = pathsOf(root, name);
  const text = encodeJson(checkConfig({ ...config }));
  await inMachine(name, async () => {
    const outdated = await textBeforeMigration(path);
    if (outdated !== undefined) await replaceFile(configBackup, outdated);
    await replaceFile(path, text);
  });
  return { name, dir, config, transport: readTransport(transport) };
}

async function setTransport(paths: MachinePaths, transport: Transport): Promise<void> {
  if (transport === "tls") await fs.rm(paths.transport, { force: true });
  else await replaceFile(paths.transport, `${transport}\n`);
  if (transport !== "ssh") return;
  const { caCert, clientCert, clientKey, serverCert, serverKey } = paths;
  for (const file of [caCert, clientCert, clientKey, serverCert, serverKey]) await fs.rm(file, { force: true });
}

/** The bytes of a config.json of an earlier version. */
async function textBeforeMigration(path: string): Promise<Uint8Array | undefined> {
  const bytes = await fs.readFile(path).catch((error: unknown) => {
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

/** Renamed first, so that a half-removed machine is never listed; what an earlier removal had to leave goes as well. */
async function removeMachine(root: string, name: string): Promise<void> {
  const { dir } = pathsOf(root, name);
  const { machines } = storePaths(root);
  const aside = join(machines, `${asidePrefix}${name}-${crypto.randomUUID()}`);
  try {
    await fs.rename(dir, aside);
    await fs.rm(aside, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (isSystemError(error, "ENOENT")) throw notFound(name);
    throw fileFailure(`${name}: could not be removed`, error);
  }
  const left = (await fs.readdir(machines)).filter((entry) => entry.startsWith(asidePrefix));
  await Promise.allSettled(left.map((entry) => fs.rm(join(machines, entry), { recursive: true, force: true })));
}
