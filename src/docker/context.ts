import { existsSync, promises as fs, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  isMachineError,
  MachineError,
  fileFailure,
  isSystemError,
  isObject,
  type JsonObject,
} from "../driver/index.js";
import { makeDirectory, removeLeftovers, replaceFile, replaceFiles } from "../store/file.js";
import { encodeJson } from "../store/json.js";
import { withLock } from "../store/lock.js";
import { clientPaths, contextPaths, defaultContext, readClientFile, savedContext } from "./client-config.js";
import type { ContextPaths } from "./client-config.js";
import type { Credentials } from "./connection.js";

/** The docker contexts of one store of machines: those that carry its mark, and no others, are changed. */
export interface Contexts {
  /** Folder of the docker client's configuration. */
  readonly folder: string;
  /** Id of the store. */
  readonly owner: string;
  /** What the user typed, for those who find the lock taken. */
  readonly command: string;
}

export interface Context {
  readonly name: string;
  /** For people; a context that is there keeps the one it has. */
  readonly description: string;
  /** URL of the engine. */
  readonly url: string;
  /** Undefined: without TLS. */
  readonly credentials: Credentials | undefined;
}

/** Member of a context's metadata that holds the id of the store it was made for. */
const mark = "MachineStore";

/** What the docker client takes for a context's name. */
export function isContextName(name: string): boolean {
  return name !== defaultContext && /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/.test(name);
}

/** @throws MachineError `failed` where its file is broken */
export function hasContext({ folder, owner }: Contexts, name: string): boolean {
  return ownerIn(readClientFile(contextPaths(folder, name).meta)) === owner;
}

/** Names of the contexts that carry the store's mark. */
export function contextNames({ folder, owner }: Contexts): readonly string[] {
  const { metas } = clientPaths(folder);
  return listDirectory(metas).flatMap((id) => {
    try {
      const meta = readClientFile(join(metas, id, "meta.json"));
      return ownerIn(meta) === owner && typeof meta?.["Name"] === "string" ? [meta["Name"]] : [];
    } catch {
      // What is broken has no mark.
      return [];
    }
  });
}

/**
 * Makes a context, or makes it true again. False: it was already. Before the last file is in its place, the docker client
 * does not see a new one.
 * @throws MachineError `exists` where there is one without the mark; `unsupported` for what can be no context's name;
 * `failed` where its files cannot be written; `busy`
 */
export async function writeContext(contexts: Contexts, context: Context): Promise<boolean> {
  const { name, credentials } = context;
  if (!isContextName(name)) throw new MachineError("unsupported", `docker can have no context of the name ${name}`);
  const paths = contextPaths(contexts.folder, name);
  return locked(contexts, `the docker context ${name} cannot be written`, async () => {
    const found = readClientFile(paths.meta);
    if (found !== undefined && ownerIn(found) !== contexts.owner) throw isForeign(name);
    await Promise.all([paths.metaDir, paths.tlsDir].map(removeLeftovers));
    const meta = encodeJson(metaOf(found, context, contexts.owner));
    const hasNewFiles = credentials !== undefined && (await writeCredentials(paths, credentials));
    const isNew = found === undefined || encodeJson(found) !== meta;
    if (isNew) await writeMeta(paths, meta);
    if (credentials === undefined) await fs.rm(paths.tlsDir, { recursive: true, force: true });
    return isNew || hasNewFiles;
  });
}

/** Takes a context away; where it is the current one, the docker client has its default again. False: there is none. */
export async function removeContext(contexts: Contexts, name: string): Promise<boolean> {
  const { folder, owner } = contexts;
  const { meta, metaDir, tlsDir } = contextPaths(folder, name);
  // Keys without a context are what is left of a writing that was cut off.
  const isThere = (): boolean => {
    const found = readClientFile(meta);
    return found === undefined ? existsSync(tlsDir) : ownerIn(found) === owner;
  };
  if (!isThere()) return false;
  return locked(contexts, `the docker context ${name} cannot be removed`, async () => {
    if (!isThere()) return false;
    // First, and the mark last: a client whose current context is gone does nothing, and what has the mark is found.
    if (savedContext(folder) === name) await setCurrent(folder, undefined);
    await fs.rm(tlsDir, { recursive: true, force: true });
    await fs.rm(metaDir, { recursive: true, force: true });
    return true;
  });
}

/** Makes a context the docker client's current one. @param name undefined: the client's default */
export async function useContext(contexts: Omit<Contexts, "owner">, name: string | undefined): Promise<void> {
  await locked(contexts, "docker's current context cannot be set", () => setCurrent(contexts.folder, name));
}

function ownerIn(meta: JsonObject | undefined): unknown {
  return member(meta, "Metadata")?.[mark];
}

/** What others have put there stays. */
function metaOf(found: JsonObject | undefined, { name, description, url }: Context, owner: string): JsonObject {
  const endpoints = member(found, "Endpoints");
  return {
    ...found,
    Name: name,
    Metadata: { Description: description, ...member(found, "Metadata"), [mark]: owner },
    Endpoints: { ...endpoints, docker: { ...member(endpoints, "docker"), Host: url, SkipTLSVerify: false } },
  };
}

function member(json: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = json?.[key];
  return isObject(value) ? value : undefined;
}

async function writeMeta({ metaDir, meta }: ContextPaths, text: string): Promise<void> {
  await makeDirectory(metaDir);
  await replaceFile(meta, text, 0o644);
}

/** False: they are the same already. */
async function writeCredentials({ tlsDir, endpoint }: ContextPaths, credentials: Credentials): Promise<boolean> {
  const files = (["ca", "cert", "key"] as const).map((name) => ({
    path: join(endpoint, `${name}.pem`),
    content: credentials[name],
  }));
  if (files.every(({ path, content }) => existsSync(path) && readFileSync(path, "utf8") === content)) return false;
  await makeDirectory(endpoint);
  await replaceFiles(files, tlsDir);
  return true;
}

/** Changes nothing else in config.json, which may be a link to elsewhere. */
async function setCurrent(folder: string, name: string | undefined): Promise<void> {
  const { config } = clientPaths(folder);
  const path = existsSync(config) ? await fs.realpath(config) : config;
  await removeLeftovers(dirname(path));
  const now = readClientFile(path) ?? {};
  if (now["currentContext"] === name) return;
  const before = existsSync(path) ? await fs.stat(path) : undefined;
  await replaceFile(path, encodeJson({ ...now, currentContext: name }, "\t"), (before?.mode ?? 0o600) & 0o777);
  // By sudo it may be somebody else's; where that is not allowed it cannot be.
  if (before !== undefined) await fs.chown(path, before.uid, before.gid).catch(() => undefined);
}

function isForeign(name: string): MachineError {
  return new MachineError("exists", `there is a docker context ${name} that was not made for this store`, {
    hint: `it is left as it is; to have another one in its place: docker context rm ${name}`,
  });
}

function listDirectory(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw fileFailure(`${path} cannot be read`, error);
  }
}

/** Stores of machines share the contexts, and so the lock for them. @param failing what an error of the file system means */
async function locked<T>(
  { folder, command }: Pick<Contexts, "folder" | "command">,
  failing: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await withLock(clientPaths(folder).contexts, "lock", { command }, work);
  } catch (error) {
    if (!isMachineError(error) && !(error instanceof Error && "errno" in error)) throw error;
    const failure = isMachineError(error) ? error : fileFailure(failing, error);
    const isRefused = isSystemError(error, "EROFS", "EACCES", "EPERM");
    throw isRefused ? failure.with({ hint: `let yourself write in ${folder}` }) : failure;
  }
}
