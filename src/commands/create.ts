import { createMachine, planMachine, resumeMachine, type CreateRequest } from "../core/create.js";
import { parseDuration } from "../core/duration.js";
import { clientUrl } from "../core/endpoint.js";
import { loadHost } from "../core/host.js";
import type { ProvisionRequest } from "../core/provision.js";
import type { Session } from "../core/session.js";
import { boolean, choice, list, MachineError, text, transports, type Values } from "../driver/index.js";
import type { EngineOptions, SwarmOptions } from "../store/config.js";
import { encodeJson } from "../store/json.js";
import { isPerson, print } from "../ui/terminal.js";
import { defineCommand, sudoOptions, type Call } from "./command.js";
import { chosenDriver, driverOption } from "./driver.js";
import { sudoPassword } from "./sudo.js";
import type { Answers } from "./wizard.js";
import { warnOfSwarm } from "./swarm.js";

/** Of a Swarm that engines no longer have: what is given is saved, since docker-machine reads it. */
const swarmOptions = {
  swarm: boolean({ help: "Classic Swarm, which engines no longer have: saved, and not used" }),
  swarmImage: text({ help: "Classic Swarm", default: "swarm:latest", env: "MACHINE_SWARM_IMAGE" }),
  swarmMaster: boolean({ help: "Classic Swarm" }),
  swarmDiscovery: text({ help: "Classic Swarm", default: "" }),
  swarmStrategy: text({ help: "Classic Swarm", default: "spread" }),
  swarmOpt: list({ help: "Classic Swarm" }),
  swarmJoinOpt: list({ help: "Classic Swarm" }),
  swarmHost: text({ help: "Classic Swarm", default: "tcp://0.0.0.0:3376" }),
  swarmAddr: text({ help: "Classic Swarm", default: "" }),
  swarmExperimental: boolean({ help: "Classic Swarm" }),
};

const options = {
  driver: driverOption("Driver to create machine with"),
  engineInstallUrl: text({
    help: "Script that installs the engine",
    default: "https://get.docker.com",
    env: "MACHINE_DOCKER_INSTALL_URL",
  }),
  engineSource: choice(["script", "distro"], {
    help: "Where a missing engine comes from: the install script or the distribution's packages",
    default: "script",
    env: "MACHINE_ENGINE_SOURCE",
  }),
  engineVersion: text({ help: "Exact version of the engine, which the package manager then keeps" }),
  engineOpt: list({ help: "Engine option: key=value" }),
  engineInsecureRegistry: list({ help: "Registry to use without TLS" }),
  engineRegistryMirror: list({ help: "Registry mirror", env: "ENGINE_REGISTRY_MIRROR" }),
  engineLabel: list({ help: "Label of the engine: key=value" }),
  engineStorageDriver: text({ help: "Storage driver; without one the engine chooses", default: "" }),
  engineEnv: list({ help: "Environment variable of the engine: KEY=value, e.g. HTTP_PROXY=http://..." }),
  dockerTransport: choice(transports, {
    help: "How docker clients reach the engine: by TLS at its port, over ssh with no port open, or either",
    default: "tls",
    env: "MACHINE_DOCKER_TRANSPORT",
  }),
  ...swarmOptions,
  tlsSan: list({ help: "One more name or address for the engine's certificate" }),
  keepOnFailure: boolean({ help: "Leave a half-made machine for a look instead of undoing it" }),
  ttl: text({ help: "Time after which the machine powers itself off, e.g. 90m, 8h or 1h30m" }),
  noContext: boolean({ help: "Write no docker context for the machine" }),
  dryRun: boolean({ help: "Check everything, print the plan as JSON and make nothing" }),
  resume: boolean({ help: "Go on with a create that was cut off" }),
  interactive: boolean({
    help: "Ask for driver, name and the rest, as it is done where no name is typed at a terminal",
  }),
  ...sudoOptions,
};

export const create = defineCommand({
  usage: "[OPTIONS] NAME",
  options,

  driver: chosenDriver,

  usesSettings: true,

  async run(call) {
    const { args, values, session, out, answer } = call;
    if (args.length > 1) {
      throw new MachineError("failed", `Invalid command line. Found extra arguments [${args.slice(1).join(" ")}]`);
    }
    const name = values.resume ? await resume(call) : await make(call);
    if (name === undefined) return;
    const host = await loadHost(session, name);
    // An engine that somebody else looks after was not asked.
    if (host.driver.access(host.machine.state).shell !== undefined) print(out, "Docker is up and running!");
    print(
      out,
      "To see how to connect your Docker Client to the Docker Engine running on " +
        `this virtual machine, run: ${call.terminal.program} env ${name}`,
    );
    answer({ name, driver: host.driver.name, url: await clientUrl(session, host) });
  },
});

type CreateCall = Call<typeof options>;

async function resume({ args, values, session }: CreateCall): Promise<string> {
  if (values.dryRun || values.interactive) {
    const other = values.dryRun ? "--dry-run" : "--interactive";
    throw new MachineError("usage", `${other} is for a machine that is not there yet, --resume for one that is`);
  }
  const name = needName(args[0]);
  await resumeMachine(session, name, {
    keepOnFailure: values.keepOnFailure,
    provision: provisionOf(name, values, session),
  });
  return name;
}

/** Undefined where nothing is to be made, or not now. */
async function make(call: CreateCall): Promise<string | undefined> {
  const { values, session, terminal } = call;
  const hosts = hostOptions(values, session);
  const requestFor = (answers: Answers): CreateRequest => ({
    ...answers,
    ...hosts,
    serverCertSANs: values.tlsSan,
    transport: values.dockerTransport,
    provision: provisionOf(answers.name, values, session),
    keepOnFailure: values.keepOnFailure,
  });
  const answers = await answersOf(call, (given) => planMachine(session, requestFor(given)));
  if (answers === undefined) {
    call.answer(null);
    return undefined;
  }
  if (values.dryRun) {
    print(terminal, encodeJson(await planMachine(session, requestFor(answers))));
    return undefined;
  }
  await createMachine(session, requestFor(answers));
  return answers.name;
}

/** What was typed; the wizard asks for it where somebody wants to be asked, or types no name at a terminal. */
async function answersOf(
  { args, values, chosen, session, terminal }: CreateCall,
  check: (answers: Answers) => Promise<unknown>,
): Promise<Answers | undefined> {
  const [name] = args;
  if (chosen === undefined) throw new TypeError("create has no driver");
  if (!values.interactive && (name !== undefined || !isPerson(terminal))) return { name: needName(name), ...chosen };
  if (!isPerson(terminal)) throw new MachineError("usage", "--interactive needs a terminal to ask at");
  const { interview, wordsOf } = await import("./wizard.js");
  const others = Object.entries(options).filter(([key]) => key !== "driver" && key !== "interactive");
  const own = wordsOf(Object.fromEntries(others), values);
  return interview({ session, terminal, known: { name, ...chosen }, check, own });
}

function needName(name: string | undefined): string {
  if (name === undefined) throw new MachineError("failed", "Error: No machine name specified");
  return name;
}

function provisionOf(name: string, values: Values<typeof options>, session: Session): ProvisionRequest {
  return {
    source: values.engineSource,
    version: values.engineVersion,
    ttl: values.ttl === undefined ? undefined : parseDuration(values.ttl),
    context: !values.noContext,
    sudoPassword: sudoPassword(session, name, values.sudoPasswordFile),
  };
}

function hostOptions(
  values: Values<typeof options>,
  session: { tell(line: string): void },
): { engine: Partial<EngineOptions>; swarm: Partial<SwarmOptions> } {
  const { swarm, swarmMaster, swarmDiscovery } = values;
  if (swarmDiscovery !== "" && !swarmDiscovery.includes("://")) {
    const reason = `Swarm Discovery URL was in the wrong format: ${swarmDiscovery}`;
    throw new MachineError("failed", `Error parsing swarm discovery: ${reason}`);
  }
  if (isSwarmWanted(values)) warnOfSwarm(session);
  return {
    engine: {
      ArbitraryFlags: values.engineOpt,
      Env: values.engineEnv,
      InsecureRegistry: values.engineInsecureRegistry,
      Labels: values.engineLabel,
      StorageDriver: values.engineStorageDriver,
      RegistryMirror: values.engineRegistryMirror,
      InstallURL: values.engineInstallUrl,
    },
    swarm: {
      IsSwarm: swarm || swarmMaster,
      Address: values.swarmAddr,
      Discovery: swarmDiscovery,
      Agent: swarm,
      Master: swarmMaster,
      Host: values.swarmHost,
      Image: values.swarmImage,
      Strategy: values.swarmStrategy,
      ArbitraryFlags: values.swarmOpt,
      ArbitraryJoinFlags: values.swarmJoinOpt,
      IsExperimental: values.swarmExperimental,
    },
  };
}

/** One of its flags says something else than its default does. */
function isSwarmWanted(values: Values<typeof swarmOptions>): boolean {
  const keys = Object.keys(swarmOptions) as (keyof typeof swarmOptions)[];
  return keys.some((key) => String(values[key]) !== String(swarmOptions[key].default));
}
