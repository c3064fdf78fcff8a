import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MachineError, reach, type Shell, type Step } from "../driver/index.js";
import { lazily } from "../driver/lazily.js";
import { readCredentials } from "../docker/connection.js";
import { proveTls } from "../docker/engine.js";
import { provisionSteps, upgradeSteps, type Provisioning } from "../provision/steps.js";
import type { Journal } from "../store/journal.js";
import { isSystemError, replaceFile } from "../store/file.js";
import { ensureAuthority, installClientCertificate, issueServerCertificate, type CertPaths } from "../tls/authority.js";
import { belongsTo, serverCertificateIsGood } from "../tls/describe.js";
import { authorityContext, certPaths } from "./certificates.js";
import type { Host } from "./host.js";
import { runSteps } from "./run-steps.js";
import type { Session } from "./session.js";

/** What a provisioning is to do beyond what config.json says. */
export interface ProvisionRequest {
  /** How a missing engine is installed. Default: by the install script. */
  readonly source?: "script" | "distro" | undefined;
  /** Exact version of the engine, kept by the package manager from then on. Default: the newest, not kept. */
  readonly version?: string | undefined;
  /** Makes a new server certificate although the present one is good. */
  readonly renew?: boolean;
  readonly sudoPassword: () => Promise<string | undefined>;
}

/** Makes a Docker host of the machine, or makes sure that it is one: what is right already is left alone. */
export async function provisionHost(session: Session, host: Host, request: ProvisionRequest): Promise<void> {
  await runProvisioning(session, host, request, provisionSteps);
}

/** The same for a machine of the store, under its lock: it ends a create whose provisioning failed. */
export async function provisionAgain(session: Session, host: Host, request: ProvisionRequest): Promise<void> {
  const { store } = session;
  await store.lock(host.name, async () => {
    const journal = await store.readJournal(host.name);
    if (journal?.phase === "create") {
      throw new MachineError("failed", `${host.name} is half made, its create was cut off`, {
        hint: `machine create --resume ${host.name}, or machine rm ${host.name}`,
      });
    }
    await provisionHost(session, host, { ...asked(journal), ...request });
    await store.removeJournal(host.name);
  });
}

/** Upgrades the machine's engine by the package manager that it came from. */
export async function upgradeHost(session: Session, host: Host, request: ProvisionRequest): Promise<void> {
  await session.store.lock(host.name, () => runProvisioning(session, host, request, upgradeSteps));
}

/** What an unfinished create was asked for and config.json has no place for. */
export function asked(journal: Journal | undefined): Pick<ProvisionRequest, "source" | "version"> {
  const { source, version } = journal?.settings ?? {};
  return {
    ...(source === "distro" || source === "script" ? { source } : {}),
    ...(typeof version === "string" ? { version } : {}),
  };
}

async function runProvisioning(
  session: Session,
  host: Host,
  request: ProvisionRequest,
  steps: (provisioning: Provisioning) => readonly Step[],
): Promise<void> {
  const { config, dir, machine, io } = host;
  const certs = certPaths(config);
  await ensureAuthority(certs, authorityContext(session));
  let issued: ServerFiles | undefined;
  const provisioning: Provisioning = {
    machine: host.name,
    provider: config.DriverName,
    port: enginePort(host),
    shell: lazily(() => reachShell(session, host)),
    sudoPassword: request.sudoPassword,
    engine: engineOf(host, request),
    certificates: async (addresses) => {
      issued = await serverFiles(session, host, certs, addresses, request.renew ?? false);
      return issued;
    },
    prove: () => prove(session, host, certs),
    notice: (line) => {
      session.tell(`(${host.name}) ${line}`);
    },
  };
  await runSteps(steps(provisioning), machine, io, { done: new Set(), note: () => Promise.resolve() });
  if (issued?.fresh === true) {
    await replaceFile(join(dir, "server.pem"), issued.cert, 0o644);
    await replaceFile(join(dir, "server-key.pem"), issued.key, 0o600);
  }
}

/** The engine lets our client in and nobody else. */
async function prove({ user, signal }: Session, { dir, driver, machine }: Host, certs: CertPaths): Promise<void> {
  await installClientCertificate(certs, dir);
  const { makeAuthority } = await import("../tls/certificate.js");
  const foreign = await makeAuthority({ user, now: Date.now() });
  await proveTls(driver.access(machine.state).docker, readCredentials(dir), foreign, { signal });
}

interface ServerFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** They are not in the machine's directory yet. */
  readonly fresh: boolean;
}

/** The machine's own certificate while it is good for these addresses, else a new one. */
async function serverFiles(
  session: Session,
  { name, dir, config, machine }: Host,
  certs: CertPaths,
  addresses: readonly string[],
  renew: boolean,
): Promise<ServerFiles> {
  const names = serverNames(name, [
    ...(config.HostOptions.AuthOptions.ServerCertSANs ?? []),
    new URL(`tcp://${machine.state.IPAddress || "localhost"}`).hostname,
    ...addresses,
  ]);
  const ca = await readFile(certs.ca, "utf8");
  const [cert, key] = await Promise.all([textOf(join(dir, "server.pem")), textOf(join(dir, "server-key.pem"))]);
  const now = Date.now();
  if (!renew && cert !== undefined && key !== undefined) {
    if (serverCertificateIsGood(cert, ca, names, now) && belongsTo(cert, key)) return { ca, cert, key, fresh: false };
  }
  const issued = await issueServerCertificate(certs, { machine: name, user: session.user, names, now });
  return { ...issued, fresh: true };
}

function serverNames(machine: string, addresses: readonly string[]): string[] {
  const plain = addresses.map((address) => address.replace(/^\[|\]$/g, ""));
  return [...new Set([machine, "localhost", "127.0.0.1", "::1", ...plain])];
}

function engineOf({ config }: Host, { source = "script", version }: ProvisionRequest): Provisioning["engine"] {
  const engine = config.HostOptions.EngineOptions;
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

function enginePort({ driver, machine }: Host): number {
  return Number(new URL(driver.access(machine.state).docker).port);
}

function reachShell({ tell }: Session, { name, driver, machine, io }: Host): Promise<Shell> {
  const target = driver.access(machine.state).shell;
  if (target !== undefined) return reach(io, target, tell);
  throw new MachineError("unsupported", `${name} has no shell, so it cannot be provisioned`);
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}
