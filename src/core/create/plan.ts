import {
  commonState,
  isMachineError,
  MachineError,
  names,
  whileDoing,
  type Driver,
  type DriverState,
  type MachinePlan,
  type Options,
  type Transport,
  type Values,
} from "../../driver/index.js";
import { checkEngine } from "../../provision/steps.js";
import { newConfig, type MachineConfig, type NewMachine } from "../../store/config.js";
import type { KeptCredentials } from "../../store/credentials.js";
import { certificateNames } from "../../tls/names.js";
import { openHost } from "../host/host.js";
import { machineIo } from "../session/io.js";
import type { Session } from "../session/session.js";
import { engineOf, provisionStepNames, type ProvisionRequest } from "./provision.js";

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

/** A machine that can be made, as far as that can be seen beforehand: what `createMachine` takes. */
export interface PlannedMachine {
  readonly request: CreateRequest;
  readonly config: MachineConfig;
}

/**
 * Checks all that can be checked before a machine is made.
 * @param dryRun stores nothing. Default: a store without an id, by which drivers mark what they make, gets one
 * @throws MachineError `exists` for a name that is taken; `failed` and `precheck` in docker-machine's words for what the
 * driver refuses; `unsupported`
 */
export async function planMachine(
  session: Session,
  request: CreateRequest,
  { dryRun = false } = {},
): Promise<PlannedMachine> {
  const { name, driver, provision, transport } = request;
  const { store, certs } = session;
  await store.checkFree(name).catch((error: unknown) => {
    throw isMachineError(error) && error.code === "exists" ? error : whileDoing("Error creating machine", error);
  });
  certificateNames(request.serverCertSANs);
  const storeId = dryRun ? async () => (await store.savedStoreId()) ?? "(random)" : () => store.storeId();
  const state = await plan(withSecrets(session, request), request, storeId);
  const tls = {
    CaCertPath: certs.ca,
    CaPrivateKeyPath: certs.caKey,
    ClientCertPath: certs.cert,
    ClientKeyPath: certs.key,
  };
  const config = newConfig({ ...request, root: store.root, driverName: driver.name, driver: state, tls });
  checkEngine(engineOf(config, provision));
  if (makesHost(driver)) checkHostName(name);
  if (provision.ttl !== undefined && !makesHost(driver)) {
    throw new MachineError("unsupported", `--ttl: ${driver.name} driver has no host that could power itself off`);
  }
  if (transport !== "tls" && !makesHost(driver)) {
    throw new MachineError("unsupported", `--docker-transport: ${driver.name} driver has no host to reach by ssh`);
  }
  return { request, config };
}

/** A driver says `usage` for options that do not fit and `precheck` for surroundings that do not. */
async function plan(
  session: Session,
  { name, driver, values, transport, provision: { ttl } }: CreateRequest,
  storeId: MachinePlan["storeId"],
): Promise<DriverState> {
  const dir = session.store.dir(name);
  const common = commonState(name, session.store.root);
  try {
    return await driver.plan(values, { name, dir, common, storeId, ttl, transport }, machineIo(session, { name, dir }));
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

/** No state has secret options: the driver's steps find them under their variables, however they were given. */
export function withSecrets(session: Session, request: CreateRequest): Session {
  return { ...session, env: { ...session.env, ...secretsOf(request) } };
}

/** The secret options that are kept for the machine's later commands: those that the environment has not. */
export function secretsToKeep({ env, tell }: Session, request: CreateRequest): KeptCredentials {
  const given = Object.entries(secretsOf(request)).filter(([name, value]) => env[name] !== value);
  if (request.values["saveCredentials"] !== false) return Object.fromEntries(given);
  const names = given.map(([name]) => name).join(", ");
  if (names !== "") tell(`(${request.name}) its credentials are not saved; later commands need ${names}`);
  return {};
}

/** By their variables. */
function secretsOf({ driver, values }: CreateRequest): KeptCredentials {
  const secrets = Object.entries(driver.options).flatMap(([key, option]) => {
    const { env } = names(key, option, driver.name);
    const value = values[key];
    return option.secret === true && env !== undefined && typeof value === "string" ? [[env, value] as const] : [];
  });
  return Object.fromEntries(secrets);
}

/** What a planned machine would begin with, the steps that its create would go through, and their calls to the provider. */
export interface CreatePlan {
  readonly Driver: DriverState;
  readonly Steps: readonly string[];
  /** Where the driver can tell: see {@link Driver.dryRunCalls}. */
  readonly Calls?: readonly { readonly Action: string; readonly Parameters: object }[];
}

/** What `create --dry-run` prints. */
export async function describePlan(given: Session, { request, config }: PlannedMachine): Promise<CreatePlan> {
  const { name, driver, transport, provision } = request;
  const session = withSecrets(given, request);
  const host = await openHost(session, { name, dir: session.store.dir(name), config, transport });
  const making = driver.create.filter((step) => step.when?.(host.state) !== false).map((step) => step.name);
  const provisioning = makesHost(driver) ? provisionStepNames(session, host, provision) : [];
  const calls = await driver.dryRunCalls?.(host, host.io);
  return {
    Driver: config.Driver,
    Steps: [...making, ...provisioning],
    ...(calls && { Calls: calls.map(({ action, parameters }) => ({ Action: action, Parameters: parameters })) }),
  };
}

/**
 * The host gets the machine's name, also in its certificate: at most 64 characters (Linux's HOST_NAME_MAX), of which none
 * between dots has more than 63 (RFC 1035).
 */
function checkHostName(name: string): void {
  if (name.length <= 64 && name.split(".").every((label) => label !== "" && label.length <= 63)) return;
  throw new MachineError("failed", `Error creating machine: "${name}" cannot be a host name`, {
    hint: "at most 64 characters, and 1 to 63 between dots",
  });
}

/** True where there is a shell in the end: before it is made, a machine may have no address to reach one by. */
function makesHost(driver: Driver): boolean {
  return driver.create.length > 0;
}
