import { MachineError, type Step } from "../driver/index.js";
import { checkEnvironment } from "./daemon.js";
import { placeSettings } from "./engine-settings.js";
import { checkTimer, expire } from "./expire.js";
import { hostStep, installMark, openHost } from "./host.js";
import { installation, isVersion, proxies } from "./install.js";
import type { EngineRequest, Provisioning, ProvisionRun } from "./provisioning.js";
import { secureEngine } from "./configure.js";
import { allowSsh } from "./ssh-access.js";

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

/** Complains of options before anything is made or changed. @throws MachineError `usage` */
export function checkEngine(engine: EngineRequest): void {
  checkEnvironment(engine.env);
  placeSettings(undefined, "", engine);
}

function begin(p: Provisioning): ProvisionRun {
  checkEngine(p.engine);
  return { p, host: openHost(p), outdated: false };
}

const cloudInitLimit = 600;

function waitForHost({ host }: ProvisionRun): Step {
  return hostStep("wait for the host", host, async (_, run) => {
    const [params, timeout] = [{ LIMIT: String(cloudInitLimit) }, (cloudInitLimit + 60) * 1000];
    await run({ templates: ["wait-for-host.sh"], params, timeout, plain: true });
  });
}

function readFacts({ p, host }: ProvisionRun): Step {
  return {
    name: "read the host's facts",
    async run(_, io) {
      await host.facts(io);
      if (p.ttl !== undefined) await checkTimer(p.machine, host, io);
    },
  };
}

function setHostName({ p, host }: ProvisionRun): Step {
  return hostStep("set the host name", host, async (io, run) => {
    const { hostname, named } = await host.facts(io);
    if (hostname === p.machine && named) return;
    await run({ templates: ["set-hostname.sh"], params: { NAME: p.machine } });
  });
}

const installLimit = 900_000;

function installEngine({ p, host }: ProvisionRun): Step {
  return hostStep("install the engine", host, async (io, run) => {
    const before = await host.facts(io);
    if (before.engine === undefined) {
      const from = installation(before.distro, p.engine, io.notice);
      const params = { ...proxies(p.engine.env), ...from, MARK: installMark };
      const templates = [`packages-${before.distro.packages}.sh`, "install-engine.sh"];
      await run({ templates, params, timeout: installLimit });
      host.forget();
    }
    const { engine } = await host.facts(io);
    const { version } = p.engine;
    if (version !== undefined && !isVersion(engine ?? "", version)) {
      throw new MachineError("failed", `${p.machine}: the host has engine ${engine ?? "none"}, not ${version}`, {
        hint: `machine upgrade --engine-version ${version} ${p.machine}`,
      });
    }
  });
}

function upgradeEngine(state: ProvisionRun): Step {
  const { p, host } = state;
  return hostStep("upgrade the engine", host, async (io, run) => {
    const { distro, init } = await host.facts(io);
    const templates = ["service.sh", `packages-${distro.packages}.sh`, "upgrade-engine.sh"];
    const params = { ...proxies(p.engine.env), INIT: init, VERSION: p.engine.version ?? "" };
    state.outdated = (await run({ templates, params, timeout: installLimit })).has("outdated");
    host.forget();
  });
}

function overSsh(run: ProvisionRun): readonly Step[] {
  const { host, p } = run;
  if (p.transport !== "ssh" && p.transport !== "both") return [];
  return allowSsh(host, p.user ?? "root", () => {
    run.outdated = true;
  });
}
