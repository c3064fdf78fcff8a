import { MachineError, messageOf, type Io, type Step, isExpected } from "../driver/index.js";
import { certificatePaths, closedAddresses, dropIn, dropInPath, isLocal, openrcConfig, openrcPath } from "./daemon.js";
import { daemonJsonPath, placeSettings, type PlacedSettings } from "./engine-settings.js";
import { backupPath, hostStep, type HostFacts } from "./host.js";
import type { Provisioning, ProvisionRun } from "./provisioning.js";

/** Configuration, restart and proof: if any of them fails, the configuration that was there comes back. */
export function secureEngine(run: ProvisionRun): Step[] {
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

function configureEngine(state: ProvisionRun): Step {
  const { p, host } = state;
  return hostStep("configure the engine", host, async (io, run) => {
    const facts = await host.facts(io);
    const files = await engineFiles(p, facts, io);
    const list = files.map(({ mode, text, path }) => `${mode} ${String(Buffer.byteLength(text))} ${path}`);
    const reported = await run({
      templates: ["service.sh", "configure-engine.sh"],
      params: { INIT: facts.init, BACKUP: backupPath, FILES: list.join("\n") },
      input: files.map(({ text }) => text).join(""),
    });
    state.outdated ||= reported.has("changed") || facts.unproven || !facts.active;
  });
}

interface HostFile {
  readonly path: string;
  /** `keep`: as it is, 0644 when it is new. */
  readonly mode: string;
  readonly text: string;
}

async function engineFiles(p: Provisioning, facts: HostFacts, { notice }: Io): Promise<HostFile[]> {
  const { flags, daemonJson, removed, hosts } = placeSettings(facts.daemonJson, p.provider, p.engine);
  if (removed.length > 0) {
    const keys = removed.join(", ");
    notice(`${keys} left ${daemonJsonPath}: the engine's addresses and TLS are on its command line now`);
  }
  return [
    ...(p.transport === "ssh" ? [] : await certificateFiles(p)),
    ...(daemonJson === undefined ? [] : [{ path: daemonJsonPath, mode: "keep", text: daemonJson }]),
    serviceFile(p, facts, { flags, hosts }, notice),
  ];
}

async function certificateFiles(p: Provisioning): Promise<HostFile[]> {
  const { ca, cert, key } = await p.certificates();
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

function serviceFile(
  p: Provisioning,
  { init, unit, confD }: HostFacts,
  { flags, hosts }: Pick<PlacedSettings, "flags" | "hosts">,
  notice: Io["notice"],
): HostFile {
  if (unit === undefined) {
    throw new MachineError("failed", `${p.machine}: the engine on the host is not a service`, {
      hint: "install it as a package, whose service can be configured",
    });
  }
  const closed = [...(init === "systemd" ? closedAddresses(unit) : []), ...hosts.filter((host) => !isLocal(host))];
  if (closed.length > 0) notice(`the engine no longer listens at ${closed.join(", ")}: use the machine's own port`);
  const settings = { port: openPort(p), flags, hosts: hosts.filter(isLocal), env: p.engine.env };
  return init === "openrc"
    ? { path: openrcPath, mode: "keep", text: openrcConfig(confD ?? "", settings) }
    : { path: dropInPath, mode: "keep", text: dropIn(unit, settings) };
}

function restartEngine(state: ProvisionRun): Step {
  const { p, host } = state;
  return hostStep("restart the engine", host, async (io, run) => {
    const { init } = await host.facts(io);
    if (!state.outdated) return;
    const params = { INIT: init, PORT: String(openPort(p) ?? "") };
    await run({ templates: ["service.sh", "restart-engine.sh"], params });
  });
}

function checkAccess(state: ProvisionRun): Step {
  const { p, host } = state;
  const name = p.transport === "ssh" ? "check that the engine answers over ssh alone" : "check the engine's TLS";
  return hostStep(name, host, async (io, run) => {
    const { init } = await host.facts(io);
    const params = { INIT: init, PORT: String(openPort(p) ?? "") };
    await run({ templates: ["service.sh", "closed-to-others.sh"], params });
    await p.prove();
    if (state.outdated) await run({ templates: ["accept.sh"], params: { BACKUP: backupPath } });
  });
}

/** Brings the last configuration that was proven back. Returns the error to throw: the one that was the reason. */
async function rolledBack({ p, host }: ProvisionRun, io: Io, error: unknown): Promise<unknown> {
  if (!isExpected(error)) return error;
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
    io.notice(messageOf(second));
  }
  return error;
}
