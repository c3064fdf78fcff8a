import { createMachine, planMachine, resumeMachine } from "../core/create.js";
import { parseDuration } from "../core/duration.js";
import { loadHost } from "../core/host.js";
import { boolean, choice, list, MachineError, text, type Values } from "../driver/index.js";
import type { EngineOptions, SwarmOptions } from "../store/config.js";
import { encodeJson } from "../store/json.js";
import { print } from "../ui/terminal.js";
import { defineCommand, sudoOptions } from "./command.js";
import { chosenDriver, driverOption } from "./driver.js";
import { sudoPassword } from "./sudo.js";
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
  ...swarmOptions,
  tlsSan: list({ help: "One more name or address for the engine's certificate" }),
  keepOnFailure: boolean({ help: "Leave a half-made machine for a look instead of undoing it" }),
  ttl: text({ help: "Time after which the machine powers itself off, e.g. 90m, 8h or 1h30m" }),
  dryRun: boolean({ help: "Check everything, print the plan as JSON and make nothing" }),
  resume: boolean({ help: "Go on with a create that was cut off" }),
  ...sudoOptions,
};

export const create = defineCommand({
  usage: "[OPTIONS] NAME",
  options,

  driver: chosenDriver,

  async run({ args, values, chosen, session, terminal }) {
    const [name, ...extra] = args;
    if (name === undefined) throw new MachineError("failed", "Error: No machine name specified");
    if (extra.length > 0) {
      throw new MachineError("failed", `Invalid command line. Found extra arguments [${extra.join(" ")}]`);
    }
    const provision = {
      source: values.engineSource,
      version: values.engineVersion,
      ttl: values.ttl === undefined ? undefined : parseDuration(values.ttl),
      sudoPassword: sudoPassword(session, name, values.sudoPasswordFile),
    };
    const { keepOnFailure, dryRun } = values;
    if (values.resume && dryRun) {
      throw new MachineError("usage", "--dry-run is for a machine that is not there yet, --resume for one that is");
    }
    if (values.resume) {
      await resumeMachine(session, name, { keepOnFailure, provision });
    } else if (chosen !== undefined) {
      const { engine, swarm } = hostOptions(values, session);
      const request = { ...chosen, name, engine, swarm, serverCertSANs: values.tlsSan, provision, keepOnFailure };
      if (dryRun) {
        print(terminal, encodeJson(await planMachine(session, request)));
        return;
      }
      await createMachine(session, request);
    }
    const { driver, machine } = await loadHost(session, name);
    // An engine that somebody else looks after was not asked.
    if (driver.access(machine.state).shell !== undefined) print(terminal, "Docker is up and running!");
    print(
      terminal,
      "To see how to connect your Docker Client to the Docker Engine running on " +
        `this virtual machine, run: ${terminal.program} env ${name}`,
    );
  },
});

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
