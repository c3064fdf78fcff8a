import { MachineError, withHome, type Io, type MachinePlan } from "../../src/driver/index.js";
import { findEngine } from "./engine.js";
import type { ContainerOptions } from "./options.js";
import type { ContainerState } from "./state.js";

/** Checks the options and that this computer has an engine. */
export async function plan(options: ContainerOptions, { name, common }: MachinePlan, io: Io): Promise<ContainerState> {
  checkOptions(options);
  return {
    ...common,
    ...(await findEngine(options.program, io)),
    IPAddress: "127.0.0.1",
    SSHUser: "root",
    Container: `${name}-${crypto.randomUUID().slice(0, 8)}`,
    Image: options.image,
    EnginePort: options.enginePort ?? 0,
    SSHHostKey: "",
    Network: options.network,
    CPUs: options.cpus,
    Memory: options.memory,
    Publish: options.publish,
    Volumes: options.volume.map((one) => withHome(one, io.env)),
  };
}

/** @throws MachineError `usage` with all that is wrong */
function checkOptions({ cpus, memory, network }: Readonly<Record<"cpus" | "memory" | "network", string>>): void {
  const problems = [
    /^(\d*\.?\d+)?$/.test(cpus) ? "" : `--container-cpus must be a number, not "${cpus}"`,
    // docker's units.RAMInBytes.
    /^(\d+(\.\d+)? ?[kmgtp]?i?b?)?$/i.test(memory)
      ? ""
      : `--container-memory must be a size such as 1.5g, not "${memory}"`,
    /^(|bridge|default|host|none|podman)$|^container:/.test(network)
      ? `--container-network must be a network of its own, on which names are known, not "${network}"`
      : "",
  ].filter((problem) => problem !== "");
  if (problems.length > 0) throw new MachineError("usage", problems.join("\n"));
}
