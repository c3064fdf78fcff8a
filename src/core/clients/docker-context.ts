import { readCredentialFiles, readCredentials, type Credentials } from "../../docker/connection.js";
import {
  contextNames,
  hasContext,
  isContextName,
  removeContext,
  useContext,
  writeContext,
} from "../../docker/context.js";
import type { Contexts } from "../../docker/context.js";
import { enginePort, MachineError, withMachineName, isExpected } from "../../driver/index.js";
import { dockerFolder } from "../../store/paths.js";
import { certPaths } from "./cert-paths.js";
import { clientUrl } from "./url.js";
import { loadHost, withHost, type Host } from "../host/host.js";
import type { Session } from "../session/session.js";

/** Gives a machine that is complete its docker context. What goes wrong is told: the machine is good without one. */
export async function addContext(session: Session, host: Host): Promise<void> {
  if (!isContextName(host.name)) return;
  await orTell(session, host.name, "was not written", () => write(session, host));
}

/** The same where the machine has one and is reached otherwise by now, or has other certificates. */
export async function keepContext(session: Session, host: Host): Promise<void> {
  await orTell(session, host.name, "was not brought up to date", async () => {
    const contexts = await savedContexts(session);
    const hasAddress = URL.canParse(host.driver.access(host.state).docker);
    if (hasAddress && contexts !== undefined && hasContext(contexts, host.name)) await write(session, host);
  });
}

/** Takes the context of a machine away that is gone. What goes wrong is told. */
export async function dropContext(session: Session, name: string): Promise<void> {
  await orTell(session, name, "was not removed", async () => {
    const contexts = await savedContexts(session);
    if (contexts !== undefined) await removeContext(contexts, name);
  });
}

/**
 * Makes a machine's context, which is written where it is missing, the docker client's current one.
 * @throws MachineError as {@link syncContext}
 */
export async function useMachine(session: Session, name: string): Promise<void> {
  await loadHost(session, name);
  const contexts = await contextsOf(session);
  if (!hasContext(contexts, name)) await syncContext(session, name);
  await useContext(contexts, name);
}

/** Gives the docker client its default context again. */
export async function useNoMachine({ env, command }: Session): Promise<void> {
  await useContext({ folder: dockerFolder(env), command }, undefined);
}

/**
 * Writes a machine's context where it is missing or not true. False: it was right.
 * @throws MachineError `exists` where there is one that was not made for this store; `unsupported` for a machine that
 * can have none, for now or at all
 */
export async function syncContext(session: Session, name: string): Promise<boolean> {
  return withHost(session, name, async (host) => {
    if ((await session.store.readJournal(name)) !== undefined) {
      throw new MachineError("unsupported", `${name} has no docker context before it is complete`, {
        hint: "machine ls shows what completes it",
      });
    }
    return write(session, host);
  });
}

/** Names of the contexts of this store's machines that are gone. */
export async function unusedContexts(session: Session): Promise<readonly string[]> {
  const contexts = await savedContexts(session);
  if (contexts === undefined) return [];
  const marked = contextNames(contexts);
  // Read afterwards: whatever has a context was stored before.
  const machines = new Set(await session.store.names());
  return marked.filter((name) => !machines.has(name));
}

/** Removes them. Returns their names. */
export async function removeUnusedContexts(session: Session): Promise<readonly string[]> {
  const unused = await unusedContexts(session);
  for (const name of unused) await removeContext(await contextsOf(session), name);
  return unused;
}

async function write(session: Session, host: Host): Promise<boolean> {
  const { name, config } = host;
  const endpoint = await endpointOf(session, host);
  return writeContext(await contextsOf(session), {
    ...{ name, ...endpoint },
    description: `Machine ${name} (${config.DriverName})`,
  });
}

/** How a docker client reaches the machine's engine. @throws MachineError `unsupported` for one without an address */
async function endpointOf(
  session: Session,
  host: Host,
): Promise<{ readonly url: string; readonly credentials: Credentials | undefined }> {
  const url = await clientUrl(session, host);
  if (!URL.canParse(url)) {
    throw new MachineError("unsupported", `${host.name} has no address for a docker context`, {
      hint: `machine start ${host.name}`,
    });
  }
  return { url, credentials: /^(tcp|https?):/.test(url) ? credentialsOf(session, host, url) : undefined };
}

/** An engine that somebody else looks after has TLS where it is at docker's port for that. */
function credentialsOf(
  session: Session,
  { name, dir, config, driver, state }: Host,
  url: string,
): Credentials | undefined {
  const isOurs = driver.access(state).shell !== undefined;
  if (!isOurs && new URL(url).port !== String(enginePort)) return undefined;
  try {
    return isOurs ? readCredentials(dir) : readCredentialFiles(certPaths(config, session));
  } catch (error) {
    throw withMachineName(name, error);
  }
}

async function contextsOf({ store, env, command }: Session): Promise<Contexts> {
  return { owner: await store.storeId(), folder: dockerFolder(env), command };
}

/** Undefined: this store has never written one. */
async function savedContexts(session: Session): Promise<Contexts | undefined> {
  return (await session.store.savedStoreId()) === undefined ? undefined : contextsOf(session);
}

async function orTell(session: Session, name: string, failed: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isExpected(error)) throw error;
    const { message, hint } = error;
    const what = `(${name}) its docker context ${failed}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
    session.tell(`${what}; then: machine context sync ${name}`);
  }
}
