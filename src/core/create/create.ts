import {
  isMachineError,
  MachineError,
  messageOf,
  names,
  type Driver,
  type DriverState,
  type MachinePlan,
  type Options,
  type Transport,
  type Values,
  whileDoing,
} from "../../driver/index.js";
import { newConfig, type MachineConfig, type NewMachine } from "../../store/config.js";
import { ensureAuthority } from "../../tls/authority.js";
import { checkEngine } from "../../provision/steps.js";
import { certificateNames } from "../../tls/names.js";
import { loadHost, saveState, withHost, type Host } from "../host/host.js";
import { machineIo } from "../session/io.js";
import { authorityContext } from "../clients/cert-paths.js";
import { addContext } from "../clients/docker-context.js";
import { asked, engineOf, provisionHost, provisionStepNames, settingsOf, type ProvisionRequest } from "./provision.js";
import { runSteps, undoSteps } from "./run-steps.js";
import type { Session } from "../session/session.js";
import { refreshSshConfig } from "../clients/ssh-config.js";

export interface CreateRequest extends Pick<NewMachine, "engine" | "swarm"> {
  readonly name: string;
  /** More names and addresses for the engine's certificate. */
  readonly serverCertSANs: readonly string[];
  readonly driver: Driver;
  readonly values: Values<Options>;
  readonly transport: Transport;
  readonly provision: ProvisionRequest;
  /** Leaves a half-made machine for a look instead of undoing it. */
  readonly keepOnFailure: boolean;
}

/**
 * Makes a machine and provisions it. When making it fails, what was made is undone and the name is free again; when
 * provisioning fails the machine stays, since its steps can be repeated. Ctrl-C undoes everything.
 * @throws MachineError `precheck` before anything is stored; `exists` for a name that is taken
 */
export async function createMachine(given: Session, request: CreateRequest): Promise<void> {
  const { name } = request;
  const session = withSecrets(given, request);
  const { store, certs } = session;
  const config = await checked(session, request, () => store.owner());
  await ensureAuthority(certs, authorityContext(session));
  const work = store.lock(name, async () => {
    const journal = { phase: "create", done: [], settings: settingsOf(request.provision) } as const;
    await store.claim(name, config, journal, request.transport);
    await makeAndProvision(session, await loadHost(session, name), request);
  });
  await work.finally(() => refreshSshConfig(session));
}

/** Secret options are not saved: the driver's steps find them under their variables, however they were given. */
function withSecrets(session: Session, { driver, values }: CreateRequest): Session {
  const secrets = Object.entries(driver.options).flatMap(([key, option]) => {
    const { env } = names(key, option, driver.name);
    const value = values[key];
    return option.secret === true && env !== undefined && typeof value === "string" ? [[env, value] as const] : [];
  });
  return { ...session, env: { ...session.env, ...Object.fromEntries(secrets) } };
}

/** What {@link createMachine} would begin with, the steps that it would go through, and their calls to the provider. */
export interface CreatePlan {
  readonly Driver: DriverState;
  readonly Steps: readonly string[];
  /** Where the driver can tell: see {@link Driver.calls}. */
  readonly Calls?: readonly { readonly Action: string; readonly Parameters: object }[];
}

/** Checks all that {@link createMachine} checks, throws what it throws, and stores nothing. */
export async function planMachine(given: Session, request: CreateRequest): Promise<CreatePlan> {
  const { name, driver, transport } = request;
  const session = withSecrets(given, request);
  const { store } = session;
  const config = await checked(session, request, async () => (await store.savedOwner()) ?? "(random)");
  const machine = { name, dir: store.dir(name), state: config.Driver };
  const host: Host = { ...machine, config, transport, driver, machine, io: machineIo(session, machine) };
  const making = driver.create.filter((step) => step.when?.(config.Driver) !== false).map((step) => step.name);
  const provisioning = makesHost(driver) ? provisionStepNames(session, host, request.provision) : [];
  const calls = await driver.calls?.(machine, host.io);
  return {
    Driver: config.Driver,
    Steps: [...making, ...provisioning],
    ...(calls && { Calls: calls.map(({ action, parameters }) => ({ Action: action, Parameters: parameters })) }),
  };
}

async function checked(session: Session, request: CreateRequest, owner: MachinePlan["owner"]): Promise<MachineConfig> {
  const { name, driver, provision, transport } = request;
  const { store, certs } = session;
  await store.checkFree(name).catch((error: unknown) => {
    throw isMachineError(error) && error.code === "exists" ? error : whileDoing("Error creating machine", error);
  });
  certificateNames(request.serverCertSANs);
  const state = await plan(session, request, owner);
  const tls = {
    CaCertPath: certs.ca,
    CaPrivateKeyPath: certs.caKey,
    ClientCertPath: certs.cert,
    ClientKeyPath: certs.key,
  };
  const config = newConfig({ ...request, root: store.root, driverName: driver.name, driver: state, tls });
  checkEngine(engineOf(config, provision));
  if (provision.ttl !== undefined && !makesHost(driver)) {
    throw new MachineError("unsupported", `--ttl: ${driver.name} driver has no host that could power itself off`);
  }
  if (transport !== "tls" && !makesHost(driver)) {
    throw new MachineError("unsupported", `--docker-transport: ${driver.name} driver has no host to reach by ssh`);
  }
  return config;
}

/** True where there is a shell in the end: before it is made, a machine may have no address to reach one by. */
function makesHost(driver: Driver): boolean {
  return driver.create.length > 0;
}

/** Goes on with a create that was cut off: steps that were done are not repeated. */
export async function resumeMachine(
  session: Session,
  name: string,
  { keepOnFailure, provision }: Pick<CreateRequest, "keepOnFailure" | "provision">,
): Promise<void> {
  await session.store.read(name);
  const work = withHost(session, name, async (host) => {
    const journal = await session.store.readJournal(name);
    if (journal === undefined) {
      throw new MachineError("failed", `${name} is complete, there is nothing to resume`, {
        hint: `to go through its provisioning again: machine provision ${name}`,
      });
    }
    await makeAndProvision(session, host, { keepOnFailure, provision: { ...provision, ...asked(journal) } });
  });
  await work.finally(() => refreshSshConfig(session));
}

/** A driver says `usage` for options that do not fit and `precheck` for surroundings that do not. */
async function plan(
  session: Session,
  { name, driver, values, transport, provision: { ttl } }: CreateRequest,
  owner: MachinePlan["owner"],
): Promise<DriverState> {
  const dir = session.store.dir(name);
  const common: DriverState = {
    IPAddress: "",
    MachineName: name,
    SSHUser: "",
    SSHPort: 0,
    SSHKeyPath: "",
    StorePath: session.store.root,
    SwarmMaster: false,
    SwarmHost: "",
    SwarmDiscovery: "",
  };
  try {
    return await driver.plan(values, { name, dir, common, owner, ttl, transport }, machineIo(session, { name, dir }));
  } catch (error) {
    if (!isMachineError(error)) throw error;
    throw error.code === "precheck"
      ? error.with({ message: `Error with pre-create check: ${JSON.stringify(error.message)}` })
      : error.with({
          code: "failed",
          message: `Error setting machine configuration from flags provided: ${error.message}`,
        });
  }
}

async function makeAndProvision(
  session: Session,
  host: Host,
  { keepOnFailure, provision }: Pick<CreateRequest, "keepOnFailure" | "provision">,
): Promise<void> {
  const made = await make(session, host).catch(async (error: unknown) => {
    throw await undone(session, host, keepOnFailure, error);
  });
  if (host.driver.access(made.machine.state).shell !== undefined) {
    await provisionHost(session, made, provision).catch(async (error: unknown) => {
      if (session.signal.aborted) throw await undone(session, made, keepOnFailure, error);
      throw whileDoing("Error creating machine: Error running provisioning", withHint(error, host.name, "provision"));
    });
  }
  await session.store.removeJournal(host.name);
  if (provision.context !== false) await addContext(session, made);
}

/** The driver's own steps. After each of them its result is on disk before the next begins. */
async function make(session: Session, host: Host): Promise<Host> {
  const { store } = session;
  const { name, driver, io } = host;
  const journal = await store.readJournal(name);
  if (journal === undefined || journal.phase === "provision") return host;
  let done = journal.done;
  const machine = await runSteps(
    driver.create,
    host.machine,
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
  return { ...host, machine };
}

/** Takes away what was made, under a signal of its own: Ctrl-C must not stop the cleaning. Returns what to throw. */
async function undone(session: Session, { name, driver }: Host, keep: boolean, error: unknown): Promise<unknown> {
  const failure = whileDoing("Error creating machine: Error in driver during machine creation", error);
  if (keep) return withHint(failure, name, "create --resume");
  const host = await loadHost({ ...session, signal: AbortSignal.timeout(60_000) }, name);
  const left = await undoSteps(driver.create, host.machine, { ...session, io: host.io });
  if (left.length === 0) {
    await session.store.remove(name);
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
