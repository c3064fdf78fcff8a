import {
  MachineError,
  connectWithRetry,
  type Io,
  type Shell,
  type Step,
  type Transport,
  withMachineName,
  whileDoing,
  isExpected,
} from "../../driver/index.js";
import { memoize } from "../../driver/memoize.js";
import { readCredentialFiles } from "../../docker/connection.js";
import { proveTls } from "../../docker/engine.js";
import type { EngineRequest, Provisioning } from "../../provision/provisioning.js";
import { provisionSteps, upgradeSteps } from "../../provision/steps.js";
import type { AskPassword } from "../../shell/script.js";
import type { MachineConfig } from "../../store/config.js";
import type { Journal } from "../../store/journal.js";
import { removeLeftovers } from "../../store/file.js";
import { ensureAuthority, installClientCertificate } from "../../tls/authority.js";
import { authorityContext, certPaths } from "../clients/cert-paths.js";
import { machineChanged, machineCompleted } from "../clients/followers.js";
import { clientUrl } from "../clients/url.js";
import { askOverSsh } from "../clients/engine-version.js";
import { inspect } from "../inspect/inspect.js";
import { withHost, type Host } from "../host/host.js";
import { runSteps } from "./run-steps.js";
import { keepServerCertificate, serverCertificate, type ServerCertificate } from "./server-certificate.js";
import type { Session } from "../session/session.js";

/** What a provisioning is to do beyond what config.json says. */
export interface ProvisionRequest {
  /** How a missing engine is installed. Default: by the install script. */
  readonly source?: "script" | "distro" | undefined;
  /** Exact version of the engine, kept by the package manager from then on. Default: the newest, not kept. */
  readonly version?: string | undefined;
  /** Seconds after which the host powers itself off. Default: nothing is changed of that. */
  readonly ttl?: number | undefined;
  /** False: a create that is completed by it writes no docker context. */
  readonly context?: boolean | undefined;
  /** Makes a new server certificate although the present one is good. */
  readonly renew?: boolean;
  readonly sudoPassword: AskPassword;
}

/** What takes the place of what the machine was created with. */
export interface ProvisionAgain extends ProvisionRequest {
  readonly installUrl?: string | undefined;
  readonly transport?: Transport | undefined;
}

/** Makes a Docker host of the machine, or makes sure that it is one: what is right already is left alone. */
export async function provisionHost(session: Session, host: Host, request: ProvisionRequest): Promise<void> {
  await runProvisioning(session, host, request, provisionSteps);
}

/** The same for a machine of the store, under its lock: it ends a create whose provisioning failed. */
export async function provisionAgain(session: Session, name: string, request: ProvisionAgain): Promise<void> {
  const { store } = session;
  await withHost(session, name, async (saved) => {
    const journal = await store.readJournal(name);
    if (journal?.phase === "create") {
      throw new MachineError("failed", `${name} is half made, its create was cut off`, {
        hint: `machine create --resume ${name}, or machine rm ${name}`,
      });
    }
    const before = asked(journal);
    const { source = before.source, version = before.version } = request;
    const wanted = { ...request, ...before, source, version };
    if (journal !== undefined) await store.writeJournal(name, { ...journal, settings: settingsOf(wanted) });
    const host = await whereItIs(session, saved);
    const { installUrl, transport = host.transport } = request;
    const installed = installUrl === undefined ? host : await withInstallUrl(session, host, installUrl);
    const now = { ...installed, transport };
    await provisionHost(session, now, wanted);
    if (transport !== host.transport) await saveTransport(session, now);
    await store.removeJournal(name);
    if (journal !== undefined) await machineCompleted(session, now, wanted.context);
  });
}

/** Upgrades the machine's engine by the package manager that it came from. */
export async function upgradeHost(session: Session, name: string, request: ProvisionRequest): Promise<void> {
  await withHost(session, name, async (saved) => {
    await runProvisioning(session, await whereItIs(session, saved), request, upgradeSteps);
  });
}

/** A provider that tells nothing is no obstacle, as long as the machine is where it was. The caller holds its lock. */
async function whereItIs(session: Session, host: Host): Promise<Host> {
  try {
    return (await inspect(session, host, { lock: "held" })).host;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return host;
  }
}

/** Saved, so that the next try, without the option, knows it too. */
async function withInstallUrl({ store }: Session, host: Host, InstallURL: string): Promise<Host> {
  const changed = <C extends Pick<MachineConfig, "HostOptions">>({ HostOptions, ...config }: C) => ({
    ...config,
    HostOptions: { ...HostOptions, EngineOptions: { ...HostOptions.EngineOptions, InstallURL } },
  });
  await store.write(host.name, changed);
  return { ...host, config: changed(host.config) };
}

/** Saved once it is proven: where that fails, the engine has its old configuration again. */
async function saveTransport(session: Session, host: Host): Promise<void> {
  await session.store.setTransport(host.name, host.transport);
  session.tell(`(${host.name}) docker reaches it at ${await clientUrl(session, host)} from now on`);
}

/** What a journal keeps of a request, since config.json has no place for it. */
export function settingsOf({ source, version, ttl, context }: Asked): Journal["settings"] {
  return { source: source ?? null, version: version ?? null, ttl: ttl ?? null, context: context ?? null };
}

type Asked = Pick<ProvisionRequest, "source" | "version" | "ttl" | "context">;

/** What an unfinished create was asked for: see {@link settingsOf}. */
export function asked(journal: Journal | undefined): Asked {
  const { source, version, ttl, context } = journal?.settings ?? {};
  return {
    ...(source === "distro" || source === "script" ? { source } : {}),
    ...(typeof version === "string" ? { version } : {}),
    ...(typeof ttl === "number" ? { ttl } : {}),
    ...(typeof context === "boolean" ? { context } : {}),
  };
}

async function runProvisioning(
  session: Session,
  host: Host,
  request: ProvisionRequest,
  steps: (provisioning: Provisioning) => readonly Step[],
): Promise<void> {
  const { config, dir, io } = host;
  const certs = certPaths(config, session);
  await removeLeftovers(dir);
  await ensureAuthority(certs, authorityContext(session));
  const certificate = memoize(() => serverCertificate(session, host, request.renew ?? false));
  const provisioning = provisioningOf(session, host, request, certificate);
  await runSteps(steps(provisioning), host, { ...session, io }, { done: new Set(), note: () => Promise.resolve() });
  if (host.transport !== "ssh") await keepServerCertificate(host, await certificate());
  await machineChanged(session, host);
}

/** The names of the steps that {@link provisionHost} goes through, of a machine that need not be there. */
export function provisionStepNames(session: Session, host: Host, request: ProvisionRequest): readonly string[] {
  const none = (): Promise<never> => Promise.reject(new Error("only the names of the steps were asked for"));
  return provisionSteps(provisioningOf(session, host, request, none)).map(({ name }) => name);
}

function provisioningOf(
  session: Session,
  host: Host,
  request: ProvisionRequest,
  certificate: () => Promise<ServerCertificate>,
): Provisioning {
  const { name, config, transport } = host;
  const { shell } = host.driver.access(host.state);
  return {
    machine: name,
    provider: config.DriverName,
    port: portOf(host),
    transport,
    user: shell?.kind === "ssh" ? shell.user : undefined,
    shell: (io) => reachShell(host, io),
    sudoPassword: request.sudoPassword,
    engine: engineOf(config, request),
    ttl: request.ttl,
    certificates: certificate,
    prove: async () => {
      if (transport !== "ssh") await proveByTls(session, host, (await certificate()).authority);
      if (transport !== "tls") await askOverSsh(session, host);
    },
  };
}

/** The engine lets our client in and nobody else. */
async function proveByTls(
  session: Session,
  { name, dir, config, driver, state }: Host,
  authority: string,
): Promise<void> {
  const certs = certPaths(config, session);
  const { user, signal } = session;
  const { makeAuthority, makeClientCertificate } = await import("../../tls/certificate.js");
  const who = { user, now: Date.now() };
  const foreign = await makeClientCertificate(await makeAuthority(who), who);
  const url = driver.access(state).docker;
  const credentials = { ...readCredentialFiles(certs), ca: authority };
  await proveTls(url, credentials, foreign, { signal }).catch((error: unknown) => {
    throw whileDoing(`${name}: could not check the engine's TLS`, withMachineName(name, error));
  });
  await installClientCertificate(certs, dir, authority);
}

/** What is asked of the machine's engine. */
export function engineOf(
  { HostOptions: { EngineOptions: engine } }: Pick<MachineConfig, "HostOptions">,
  { source = "script", version }: Pick<ProvisionRequest, "source" | "version">,
): EngineRequest {
  return {
    installUrl: engine.InstallURL,
    source,
    version,
    env: engine.Env ?? [],
    labels: engine.Labels ?? [],
    insecureRegistries: engine.InsecureRegistry ?? [],
    registryMirrors: engine.RegistryMirror ?? [],
    storageDriver: engine.StorageDriver,
    opts: engine.ArbitraryFlags ?? [],
  };
}

function portOf({ driver, state }: Host): number {
  const { docker, enginePort } = driver.access(state);
  // A machine that is yet to be made has no address: `tcp://:2376` is no URL.
  return enginePort ?? Number(/:(\d+)\/?$/.exec(docker)?.[1]);
}

function reachShell({ name, driver, state }: Host, io: Io): Promise<Shell> {
  const target = driver.access(state).shell;
  if (target !== undefined) return connectWithRetry(io, target);
  throw new MachineError("unsupported", `${name} has no shell, so it cannot be provisioned`);
}
