import { isMachineError, MachineError, whileDoing, type Io, type Shell, type Step } from "../driver/index.js";
import { asUser, becomeRoot, runScript, template, type AskPassword, type Privilege } from "../shell/script.js";
import { findDistro, type Distro } from "./distros.js";
import { parseOsRelease } from "./os-release.js";

/** A host while it is provisioned: one shell, one way to be root, and its facts, each found when first needed. */
export interface ProvisionedHost {
  /** Runs templates of templates/provision, joined behind lib.sh. Resolves with the facts that they tell. */
  run(io: Io, work: HostScript): Promise<ReadonlyMap<string, string>>;
  /** What `read-facts.sh` tells. */
  facts(io: Io): Promise<HostFacts>;
  /** The facts are read again when next needed. */
  forget(): void;
}

interface HostScript {
  /** What is done, an imperative: for errors and the machine's log. */
  readonly step: string;
  readonly templates: readonly string[];
  readonly params?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Milliseconds, default 120,000. */
  readonly timeout?: number;
  /** As the user who logged in. Default: as root. */
  readonly plain?: boolean;
}

export interface HostFacts {
  readonly distro: Distro;
  readonly init: "systemd" | "openrc";
  readonly hostname: string;
  /** /etc/hosts knows the machine's name. */
  readonly named: boolean;
  /** Version of the engine, e.g. "28.3.2"; undefined: there is none. */
  readonly engine: string | undefined;
  /** Output of `systemctl cat docker.service`, or OpenRC's script; undefined: there is no such service. */
  readonly unit: string | undefined;
  readonly active: boolean;
  /** A run that changed the configuration did not come to its end. */
  readonly unproven: boolean;
  readonly daemonJson: string | undefined;
  /** /etc/conf.d/docker of OpenRC. */
  readonly confD: string | undefined;
}

/** Where the old configuration is kept until the new one is proven. */
export const backupPath = "/etc/docker/machine-backup";

/** Is there while an engine is installed, and stays when that is cut off: what there is of the engine counts for nothing. */
export const installMark = "/etc/docker/machine-installing";

export interface HostConnection {
  readonly machine: string;
  readonly shell: (io: Io) => Promise<Shell>;
  readonly sudoPassword: AskPassword;
}

/** @see ProvisionedHost. Its errors begin with the machine's name. */
export function openHost({ machine, shell, sudoPassword }: HostConnection): ProvisionedHost {
  let shared: Promise<Shell> | undefined;
  let root: Promise<Privilege> | undefined;
  let facts: Promise<HostFacts> | undefined;

  const run: ProvisionedHost["run"] = async (io, { step, templates, plain = false, ...script }) => {
    const reported = new Map<string, string>();
    const onLine = (line: string): void => {
      const [, kind, text = ""] = /^machine-([a-z]+): (.*)$/.exec(line) ?? [];
      const [, name = "", value = ""] = /^(\S+) (.*)$/.exec(text) ?? [];
      if (kind === "notice") io.notice(text);
      else if (kind === "fact") reported.set(name, Buffer.from(value, "base64").toString());
      else if (kind === undefined) io.output(line);
    };
    const connection = await (shared ??= shell(io));
    const privilege = plain ? asUser : await (root ??= inMachine(machine, () => becomeRoot(connection, sudoPassword)));
    const text = await template("lib.sh", ...templates);
    const name = `${machine}: could not ${step}`;
    await runScript(connection, { ...script, name, purpose: step, text, onLine }, privilege).catch((error: unknown) => {
      throw duringStep(machine, name, error);
    });
    return reported;
  };

  return {
    run,
    facts: (io) => (facts ??= readFacts(machine, (work) => run(io, work))),
    forget: () => {
      facts = undefined;
    },
  };
}

/** A step that runs scripts on a host; errors and the machine's log call them by its name. */
export function hostStep(
  name: string,
  host: ProvisionedHost,
  work: (io: Io, run: (script: Omit<HostScript, "step">) => ReturnType<ProvisionedHost["run"]>) => Promise<void>,
): Step {
  return { name, run: (_, io) => work(io, (script) => host.run(io, { step: name, ...script })) };
}

async function readFacts(
  machine: string,
  run: (work: HostScript) => Promise<ReadonlyMap<string, string>>,
): Promise<HostFacts> {
  const reported = await run({
    step: "read the host's facts",
    templates: ["service.sh", "read-facts.sh"],
    params: { NAME: machine, BACKUP: backupPath, MARK: installMark },
  });
  return inMachine(machine, () => factsOf(reported));
}

/** @throws MachineError `unsupported` for a host whose engine could not be configured */
export function factsOf(reported: ReadonlyMap<string, string>): HostFacts {
  const init = reported.get("init")?.trim();
  const isWhole = !reported.has("half-installed");
  // One that runs is never installed over, whatever its program is.
  const runs = init === "systemd" && reported.has("active");
  const dockerd = isWhole ? (reported.get("dockerd") ?? (runs ? "" : undefined)) : undefined;
  const distro = findDistro(parseOsRelease(reported.get("os-release") ?? ""));
  if (init !== "systemd" && init !== "openrc") {
    const what = "the host runs neither systemd nor OpenRC, so its engine cannot be configured";
    throw new MachineError("unsupported", what);
  }
  if (reported.has("snap") && reported.get("unit") === undefined) {
    throw new MachineError("unsupported", "the host's docker is a snap, whose engine cannot be configured", {
      hint: "`snap remove docker` on the host makes room for another engine",
    });
  }
  return {
    distro,
    init,
    hostname: reported.get("hostname")?.trim() ?? "",
    named: reported.has("named"),
    engine: dockerd === undefined ? undefined : (/version v?([^\s,]+)/.exec(dockerd)?.[1] ?? "unknown"),
    unit: reported.get("unit"),
    active: reported.has("active"),
    unproven: reported.has("backup"),
    daemonJson: reported.get("daemon.json"),
    confD: reported.get("conf.d"),
  };
}

/** Says what a connection that was lost has cut off: "web-1: could not install the engine: the host stopped answering". */
function duringStep(machine: string, name: string, error: unknown): unknown {
  if (!isMachineError(error) || error.code !== "unreachable") return error;
  return error.with({ message: `${name}: ${error.message.replace(`${machine}: `, "")}` });
}

/** Puts the machine's name before what went wrong. */
async function inMachine<T>(machine: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw whileDoing(machine, error);
  }
}
