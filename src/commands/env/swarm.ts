import type { Host } from "../../core/host/host.js";
import { MachineError } from "../../driver/index.js";
import type { Output } from "../../cli/output.js";

const advice = "`docker swarm init` and `docker swarm join` work through a machine's ordinary environment";

/** For the flags of docker-machine's classic Swarm, which still are taken. */
export function warnOfSwarm(out: Output): void {
  out.note(`Classic Swarm is gone from today's engines: ${advice}.`);
}

/** What `--swarm` needs. @throws MachineError `failed` in docker-machine's words */
export function checkSwarm(out: Output, { name, config }: Host): void {
  if (config.HostOptions.SwarmOptions.Master) {
    warnOfSwarm(out);
    return;
  }
  const use = "The --swarm flag is intended for use with swarm masters";
  throw new MachineError("failed", `"${name}" is not a swarm master. ${use}`, {
    hint: `classic Swarm is gone: ${advice}`,
  });
}

/** Where a swarm master listens: at the engine's address, and the port of its `--swarm-host`. */
export function swarmUrl({ config }: Host, engineUrl: string): string {
  const [port = ":3376"] = /:\d+$/.exec(config.HostOptions.SwarmOptions.Host) ?? [];
  return engineUrl.replace(/:\d+$/, port);
}
