import { isMachineError, MachineError, messageOf, whileDoing } from "../../driver/index.js";
import { ensureAuthority } from "../../tls/authority.js";
import { authorityContext } from "../clients/cert-paths.js";
import { machineChanged, machineCompleted, machineRemoved } from "../clients/followers.js";
import { loadHost, saveState, withHost, type Host } from "../host/host.js";
import type { Session } from "../session/session.js";
import { secretsToKeep, withSecrets, type CreateRequest, type PlannedMachine } from "./plan.js";
import { asked, provisionHost, settingsOf } from "./provision.js";
import { runSteps, undoSteps } from "./run-steps.js";

/**
 * Makes a machine and provisions it. When making it fails, what was made is undone and the name is free again; when
 * provisioning fails the machine stays, since its steps can be repeated. Ctrl-C undoes everything.
 * @throws MachineError `exists` for a name that was taken since it was planned
 */
export async function createMachine(given: Session, { request, config }: PlannedMachine): Promise<Host> {
  const { name } = request;
  const session = withSecrets(given, request);
  const { store, certs } = session;
  await ensureAuthority(certs, authorityContext(session));
  return store.lock(name, async () => {
    const journal = { phase: "create", done: [], settings: settingsOf(request.provision) } as const;
    await store.claim(name, config, journal, request.transport, secretsToKeep(given, request));
    return makeAndProvision(session, await loadHost(session, name), request);
  });
}

/** Goes on with a create that was cut off: steps that were done are not repeated. */
export async function resumeMachine(
  session: Session,
  name: string,
  { keepOnFailure, provision }: Pick<CreateRequest, "keepOnFailure" | "provision">,
): Promise<Host> {
  return withHost(session, name, async (host) => {
    const journal = await session.store.readJournal(name);
    if (journal === undefined) {
      throw new MachineError("failed", `${name} is complete, there is nothing to resume`, {
        hint: `to go through its provisioning again: machine provision ${name}`,
      });
    }
    return makeAndProvision(session, host, { keepOnFailure, provision: { ...provision, ...asked(journal) } });
  });
}

async function makeAndProvision(
  session: Session,
  host: Host,
  { keepOnFailure, provision }: Pick<CreateRequest, "keepOnFailure" | "provision">,
): Promise<Host> {
  const made = await make(session, host).catch(async (error: unknown) => {
    throw await undone(session, host, keepOnFailure, error);
  });
  await machineChanged(session, made);
  if (made.driver.access(made.state).shell !== undefined) {
    await provisionHost(session, made, provision).catch(async (error: unknown) => {
      if (session.signal.aborted) throw await undone(session, made, keepOnFailure, error);
      throw whileDoing("Error creating machine: Error running provisioning", withHint(error, host.name, "provision"));
    });
  }
  await session.store.removeJournal(host.name);
  await machineCompleted(session, made, provision.context);
  return made;
}

/** The driver's own steps. After each of them its result is on disk before the next begins. */
async function make(session: Session, host: Host): Promise<Host> {
  const { store } = session;
  const { name, driver, io } = host;
  const journal = await store.readJournal(name);
  if (journal === undefined || journal.phase === "provision") return host;
  let done = journal.done;
  const { state } = await runSteps(
    driver.create,
    host,
    { ...session, io },
    {
      done: new Set(done),
      note: async (step, changes) => {
        await saveState(session, name, changes);
        done = [...done, step];
        await store.writeJournal(name, { ...journal, done });
      },
    },
  );
  await store.writeJournal(name, { ...journal, done, phase: "provision" });
  return { ...host, state };
}

/** Takes away what was made, under a signal of its own: Ctrl-C must not stop the cleaning. Returns what to throw. */
async function undone(session: Session, { name, driver }: Host, keep: boolean, error: unknown): Promise<unknown> {
  const failure = whileDoing("Error creating machine: Error in driver during machine creation", error);
  if (keep) return withHint(failure, name, "create --resume");
  const host = await loadHost({ ...session, signal: AbortSignal.timeout(60_000) }, name);
  const left = await undoSteps(driver.create, host, { ...session, io: host.io });
  if (left.length === 0) {
    await session.store.remove(name);
    await machineRemoved(session, name);
    return failure;
  }
  const what = `${messageOf(failure)}\n${name} could not be undone whole: ${left.join("; ")}`;
  const hint = isMachineError(failure) ? failure.hint : undefined;
  return withHint(new MachineError("failed", what, { hint, cause: failure }), name, "create --resume");
}

/** @param next the command that goes on with what is kept */
function withHint(error: unknown, name: string, next: "create --resume" | "provision"): unknown {
  if (!isMachineError(error)) return error;
  const kept = `the machine is kept; to go on: machine ${next} ${name}, to give it up: machine rm ${name}`;
  const hint = error.hint === undefined ? kept : `${error.hint}\nhint: ${kept}`;
  return error.with({ hint });
}
