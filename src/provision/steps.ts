import { isMachineError, MachineError, type Io, type Shell, type Step, type Transport } from "../driver/index.js";
import { certificatePaths, checkEnvironment, dropIn, dropInPath, openrcConfig, openrcPath } from "./daemon.js";
import { daemonJsonPath, mergeDaemonJson, type EngineSettings } from "./daemon-json.js";
import { checkTimer, expire } from "./expire.js";
import { backupPath, installMark, openHost, type Facts, type Host } from "./host.js";
import { installation, isVersion, proxies } from "./install.js";
import { allowSsh } from "./ssh-access.js";

/** What is asked of the engine, as config.json and the command line give it. */
export interface EngineOptions extends EngineSettings {
  /** Address of the install script, used where the host has no engine. */
  readonly installUrl: string;
  /** By the install script, or from the distribution's packages. */
  readonly source: "script" | "distro";
  /** Exact version, kept by the package manager; undefined: the newest. */
  readonly version?: string | undefined;
  /** `K=V` each, for the engine's process; proxies among them are also used to install it. */
  readonly env: readonly string[];
}

export interface Provisioning {
  /** Becomes the host name. */
  readonly machine: string;
  /** Name of the driver, for the engine's label `provider`. */
  readonly provider: string;
  /** The engine's TCP port, which stays closed where the transport is `ssh`. */
  readonly port: number;
  /** Default: tls. */
  readonly transport?: Transport;
  /** Who logs in over ssh. Default: root. */
  readonly user?: string | undefined;
  /** Connects, and tries again meanwhile, when first called; gives the same connection afterwards. */
  readonly shell: () => Promise<Shell>;
  /** Asked only when sudo wants a password. */
  readonly sudoPassword: () => Promise<string | undefined>;
  readonly engine: EngineOptions;
  /** Seconds after which the host powers itself off. Default: it stays. */
  readonly ttl?: number | undefined;
  /** PEM texts for a server of these addresses; the same ones again while they are good. */
  readonly certificates: (addresses: readonly string[]) => Promise<{ ca: string; cert: string; key: string }>;
  /**
   * Proves from the client, for TLS: it works, TLS without a certificate is refused, plain HTTP is refused; for ssh: the
   * engine answers.
   */
  readonly prove: () => Promise<void>;
  /** A line for the user. */
  readonly notice: (line: string) => void;
}

/**
 * Makes a Docker host of a computer. Each step looks first and changes only what is not right, so a second run
 * changes no byte and restarts nothing. A configuration that cannot be proven is taken back.
 */
export function provisionSteps(p: Provisioning): Step[] {
  const run = begin(p);
  const last = p.ttl === undefined ? [] : [expire(run.host, p.ttl)];
  const made = [waitForHost(run), readFacts(run), setHostName(run), installEngine(run)];
  return [...made, ...overSsh(run), ...secureEngine(run), ...last];
}

/** Upgrades the engine by the package manager that it came from, and makes sure of its configuration. */
export function upgradeSteps(p: Provisioning): Step[] {
  const run = begin(p);
  return [waitForHost(run), readFacts(run), upgradeEngine(run), ...secureEngine(run)];
}

/** What the steps of one run share. */
interface Run {
  readonly p: Provisioning;
  readonly host: Host;
  /** The engine runs with other files than those on disk. */
  outdated: boolean;
}

/** Complains of options before anything is made or changed. @throws MachineError `usage` */
export function checkEngine(engine: EngineOptions): void {
  checkEnvironment(engine.env);
  mergeDaemonJson(undefined, "", engine);
}

function begin(p: Provisioning): Run {
  checkEngine(p.engine);
  return { p, host: openHost(p), outdated: false };
}

const cloudInitLimit = 600;

function waitForHost({ host }: Run): Step {
  const name = "wait for the host";
  return {
    name,
    async run(_, io) {
      await host.run(io, {
        step: name,
        templates: ["wait-for-host.sh"],
        params: { LIMIT: String(cloudInitLimit) },
        timeout: (cloudInitLimit + 60) * 1000,
        plain: true,
      });
    },
  };
}

function readFacts({ p, host }: Run): Step {
  return {
    name: "read the host's facts",
    async run(_, io) {
      await host.facts(io);
      if (p.ttl !== undefined) await checkTimer(p.machine, host, io);
    },
  };
}

function setHostName({ p, host }: Run): Step {
  const name = "set the host name";
  return {
    name,
    async run(_, io) {
      const { hostname, named } = await host.facts(io);
      if (hostname === p.machine && named) return;
      await host.run(io, { step: name, templates: ["set-hostname.sh"], params: { NAME: p.machine } });
    },
  };
}

const installLimit = 900_000;

function installEngine({ p, host }: Run): Step {
  const name = "install the engine";
  return {
    name,
    async run(_, io) {
      const before = await host.facts(io);
      if (before.engine === undefined) {
        const from = installation(before.distro, p.engine, p.notice);
        const params = { ...proxies(p.engine.env), ...from, MARK: installMark };
        const templates = [`packages-${before.distro.packages}.sh`, "install-engine.sh"];
        await host.run(io, { step: name, templates, params, timeout: installLimit });
        host.forget();
      }
      const { engine } = await host.facts(io);
      const { version } = p.engine;
      if (version !== undefined && !isVersion(engine ?? "", version)) {
        throw new MachineError("failed", `${p.machine}: the host has engine ${engine ?? "none"}, not ${version}`, {
          hint: `machine upgrade --engine-version ${version} ${p.machine}`,
        });
      }
    },
  };
}

function upgradeEngine(run: Run): Step {
  const { p, host } = run;
  const name = "upgrade the engine";
  return {
    name,
    async run(_, io) {
      const { distro, init } = await host.facts(io);
      const told = await host.run(io, {
        step: name,
        templates: ["service.sh", `packages-${distro.packages}.sh`, "upgrade-engine.sh"],
        params: { ...proxies(p.engine.env), INIT: init, VERSION: p.engine.version ?? "" },
        timeout: installLimit,
      });
      run.outdated = told.has("outdated");
      host.forget();
    },
  };
}

function overSsh(run: Run): readonly Step[] {
  const { host, p } = run;
  if (p.transport !== "ssh" && p.transport !== "both") return [];
  return allowSsh(host, p.user ?? "root", () => {
    run.outdated = true;
  });
}

/** Configuration, restart and proof: if any of them fails, the configuration that was there comes back. */
function secureEngine(run: Run): Step[] {
  return [configureEngine(run), restartEngine(run), checkAccess(run)].map((step) => ({
    ...step,
    async run(machine, io) {
      try {
        await step.run(machine, io);
      } catch (error) {
        throw await rolledBack(run, io, error);
      }
    },
  }));
}

function configureEngine(run: Run): Step {
  const { p, host } = run;
  const name = "configure the engine";
  return {
    name,
    async run(_, io) {
      const facts = await host.facts(io);
      const files = await engineFiles(p, facts);
      const told = await host.run(io, {
        step: name,
        templates: ["service.sh", "configure-engine.sh"],
        params: {
          INIT: facts.init,
          BACKUP: backupPath,
          FILES: files.map(({ mode, text, path }) => `${mode} ${String(Buffer.byteLength(text))} ${path}`).join("\n"),
        },
        input: files.map(({ text }) => text).join(""),
      });
      run.outdated ||= told.has("changed") || facts.unproven || !facts.active;
    },
  };
}

interface HostFile {
  readonly path: string;
  /** `keep`: as it is, 0644 when it is new. */
  readonly mode: string;
  readonly text: string;
}

async function engineFiles(p: Provisioning, facts: Facts): Promise<HostFile[]> {
  const json = mergeDaemonJson(facts.daemonJson, p.provider, p.engine);
  if (json.removed.length > 0) {
    const keys = json.removed.join(", ");
    p.notice(`${keys} left ${daemonJsonPath}: the engine's address and TLS are on its command line now`);
  }
  return [
    ...(p.transport === "ssh" ? [] : await certificateFiles(p, facts)),
    { path: daemonJsonPath, mode: "keep", text: json.text },
    serviceFile(p, facts),
  ];
}

async function certificateFiles(p: Provisioning, { addresses }: Facts): Promise<HostFile[]> {
  const { ca, cert, key } = await p.certificates(addresses);
  return [
    { path: certificatePaths.ca, mode: "644", text: ca },
    { path: certificatePaths.cert, mode: "644", text: cert },
    { path: certificatePaths.key, mode: "600", text: key },
  ];
}

/** The port that the engine opens; undefined: none. */
function openPort({ port, transport }: Provisioning): number | undefined {
  return transport === "ssh" ? undefined : port;
}

function serviceFile(p: Provisioning, { init, unit, confD }: Facts): HostFile {
  if (unit === undefined) {
    throw new MachineError("failed", `${p.machine}: the engine on the host is not a service`, {
      hint: "install it as a package, whose service can be configured",
    });
  }
  const [port, { env }] = [openPort(p), p.engine];
  return init === "openrc"
    ? { path: openrcPath, mode: "keep", text: openrcConfig(confD ?? "", port, env) }
    : { path: dropInPath, mode: "keep", text: dropIn(unit, port, env) };
}

function restartEngine(run: Run): Step {
  const { p, host } = run;
  const name = "restart the engine";
  return {
    name,
    async run(_, io) {
      const { init } = await host.facts(io);
      if (!run.outdated) return;
      await host.run(io, {
        step: name,
        templates: ["service.sh", "restart-engine.sh"],
        params: { INIT: init, PORT: String(openPort(p) ?? "") },
      });
    },
  };
}

function checkAccess(run: Run): Step {
  const { p, host } = run;
  const name = p.transport === "ssh" ? "check that the engine answers over ssh alone" : "check the engine's TLS";
  return {
    name,
    async run(_, io) {
      if (p.transport === "ssh") await checkClosed(run, name, io);
      await p.prove();
      if (run.outdated) await host.run(io, { step: name, templates: ["accept.sh"], params: { BACKUP: backupPath } });
    },
  };
}

async function checkClosed({ p, host }: Run, step: string, io: Io): Promise<void> {
  const { init } = await host.facts(io);
  const params = { INIT: init, PORT: String(p.port) };
  await host.run(io, { step, templates: ["service.sh", "port-closed.sh"], params });
}

/** Brings the last configuration that was proven back. Returns the error to throw: the one that was the reason. */
async function rolledBack({ p, host }: Run, io: Io, error: unknown): Promise<unknown> {
  if (!isMachineError(error) || error.code === "interrupted") return error;
  try {
    const { init } = await host.facts(io);
    const certificates = p.transport === "ssh" ? [] : Object.values(certificatePaths);
    const paths = [...certificates, daemonJsonPath, init === "openrc" ? openrcPath : dropInPath];
    await host.run(io, {
      step: "bring the engine's old configuration back",
      templates: ["service.sh", "roll-back.sh"],
      params: { INIT: init, BACKUP: backupPath, PATHS: paths.join(" ") },
    });
  } catch (second) {
    p.notice(second instanceof Error ? second.message : String(second));
  }
  return error;
}
