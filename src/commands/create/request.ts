import type { CreateRequest } from "../../core/create/plan.js";
import { parseDuration } from "../../cli/duration.js";
import type { ProvisionRequest } from "../../core/create/provision.js";
import type { Session } from "../../core/session/session.js";
import { boolean, choice, list, MachineError, text, transports, type Values } from "../../driver/index.js";
import type { EngineOptions, SwarmOptions } from "../../store/config.js";
import { sudoOptions, type Call } from "../../cli/command.js";
import type { Output } from "../../cli/output.js";
import { driverOption } from "./driver-options.js";
import { sudoPassword } from "../../cli/sudo-password.js";
import { warnOfSwarm } from "../env/swarm.js";

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

/** What `create` takes of a machine, beside its driver's own options. */
export const machineOptions = {
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
  ...sudoOptions,
};

/**
 * What makes requests of these values, for machines with their drivers.
 * @throws MachineError for values that are none, at once or for a machine
 */
export function requestsOf(
  values: Values<typeof machineOptions>,
  { session, out }: Pick<Call, "session" | "out">,
): (machine: Pick<CreateRequest, "name" | "driver" | "values">) => CreateRequest {
  const hosts = hostOptions(values, out);
  return (machine) => ({
    ...machine,
    ...hosts,
    serverCertSANs: values.tlsSan,
    transport: values.dockerTransport,
    provision: provisionOf(machine.name, values, session),
    keepOnFailure: values.keepOnFailure,
  });
}

/** How a machine becomes a Docker host, by what its create was given. */
export function provisionOf(name: string, values: Values<typeof machineOptions>, session: Session): ProvisionRequest {
  return {
    source: values.engineSource,
    version: values.engineVersion,
    ttl: values.ttl === undefined ? undefined : parseDuration(values.ttl),
    context: !values.noContext,
    sudoPassword: sudoPassword(session, name, values.sudoPasswordFile),
  };
}

function hostOptions(
  values: Values<typeof machineOptions>,
  out: Output,
): { engine: Partial<EngineOptions>; swarm: Partial<SwarmOptions> } {
  const { swarm, swarmMaster, swarmDiscovery } = values;
  if (swarmDiscovery !== "" && !swarmDiscovery.includes("://")) {
    const reason = `Swarm Discovery URL was in the wrong format: ${swarmDiscovery}`;
    throw new MachineError("failed", `Error parsing swarm discovery: ${reason}`);
  }
  if (isSwarmWanted(values)) warnOfSwarm(out);
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
