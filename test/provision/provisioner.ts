import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runSteps } from "../../src/core/create/run-steps.js";
import { proveTls } from "../../src/docker/engine.js";
import type { DriverState, Io, Machine, Shell, StepEvent } from "../../src/driver/index.js";
import type { EngineRequest, Provisioning } from "../../src/provision/provisioning.js";
import { provisionSteps, upgradeSteps } from "../../src/provision/steps.js";
import { connectSsh } from "../../src/shell/ssh.js";
import { ensureAuthority, issueServerCertificate, type CertPaths } from "../../src/tls/authority.js";
import { makeAuthority } from "../../src/tls/certificate.js";
import type { Host } from "../support/host.js";

const plainEngine: EngineRequest = {
  installUrl: "https://get.docker.com",
  source: "script",
  env: [],
  labels: [],
  insecureRegistries: [],
  registryMirrors: [],
  storageDriver: "",
  opts: [],
};

/** A CA and a client certificate in a folder. */
export async function makeCerts(folder: string): Promise<CertPaths> {
  const path = (name: string): string => join(folder, name);
  const certs = {
    dir: folder,
    ca: path("ca.pem"),
    caKey: path("ca-key.pem"),
    cert: path("cert.pem"),
    key: path("key.pem"),
  };
  const context = { now: Date.now(), user: "ann", named: [], notice: () => undefined };
  await ensureAuthority(certs, { ...context, lock: (_, work) => work() });
  return certs;
}

export interface Account {
  readonly user?: string;
  /** For sudo. */
  readonly password?: string;
}

/** Provisions a host over a real ssh connection, and remembers all that is said meanwhile. */
export async function provisioner(host: Host, certs: CertPaths, { user = "root", password }: Account = {}) {
  const debug: string[] = [];
  const connection = await connectSsh(
    { kind: "ssh", host: host.address, port: host.port, user, keyPath: host.keyPath },
    {
      machine: host.name,
      knownHosts: join(certs.dir, `${host.name}.known_hosts`),
      env: {},
      signal: new AbortController().signal,
      notice: () => undefined,
      debug: (line) => debug.push(line),
    },
  );
  const run = provisionOver(connection, certs, {
    machine: host.name,
    names: [host.address],
    password,
    prove: () => prove(`tcp://${host.address}:2376`, certs),
  });
  return { ...run, debug, close: () => connection.close() };
}

/** The same over any shell. */
export function provisionOver(
  shell: Shell,
  certs: CertPaths,
  about: {
    readonly machine: string;
    /** For the server's certificate. */
    readonly names: readonly string[];
    readonly password?: string | undefined;
    readonly prove: () => Promise<void>;
  },
) {
  const notices: string[] = [];
  const output: string[] = [];
  let issued: { ca: string; cert: string; key: string } | undefined;
  const provisioning = (engine: Partial<EngineRequest>, ttl?: number): Provisioning => ({
    machine: about.machine,
    provider: "generic",
    port: 2376,
    shell: () => Promise.resolve(shell),
    sudoPassword: () => Promise.resolve(about.password),
    engine: { ...plainEngine, ...engine },
    ttl,
    certificates: async () => {
      const names = [about.machine, ...about.names];
      issued ??= await issueServerCertificate(certs, { machine: about.machine, user: "ann", names, now: Date.now() });
      return issued;
    },
    prove: about.prove,
  });
  const io = {
    now: Date.now,
    signal: new AbortController().signal,
  } as unknown as Io;
  const report = (event: StepEvent): void => {
    if (event.type === "output") output.push(event.line);
    if (event.type === "notice") notices.push(event.line);
  };
  const machine: Machine = { name: about.machine, dir: certs.dir, state: {} as DriverState };
  const journal = { done: new Set<string>(), note: () => Promise.resolve() };
  return {
    notices,
    output,
    certificate: () => issued,
    /** The next run gets another server certificate. */
    forgetCertificate: () => {
      issued = undefined;
    },
    provision: (engine: Partial<EngineRequest> = {}, ttl?: number) =>
      runSteps(provisionSteps(provisioning(engine, ttl)), machine, { io, report }, journal),
    upgrade: (engine: Partial<EngineRequest> = {}) =>
      runSteps(upgradeSteps(provisioning(engine)), machine, { io, report }, journal),
  };
}

async function prove(url: string, { ca, cert, key }: CertPaths): Promise<void> {
  const [caText, certText, keyText] = await Promise.all([ca, cert, key].map((path) => readFile(path, "utf8")));
  const ours = { ca: caText ?? "", cert: certText ?? "", key: keyText ?? "" };
  await proveTls(url, ours, await makeAuthority({ user: "mallory", now: Date.now() }));
}
