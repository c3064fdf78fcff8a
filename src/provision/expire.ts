import { MachineError, type Step } from "../driver/index.js";
import { hostStep, type ProvisionedHost } from "./host.js";

/** What the timer is called on the host. */
const unit = "machine-ttl";

/**
 * Has the host power itself off after `ttl` seconds, by a timer of systemd that is set to the moment: it holds after a
 * reboot, and while this computer is away.
 * @see checkTimer
 */
export function expire(host: ProvisionedHost, ttl: number): Step {
  return hostStep("set the time to live", host, async (_, run) => {
    await run({ templates: ["expire.sh"], params: { UNIT: unit, TTL: String(ttl) } });
  });
}

/** Complains, before much is done, of a host that could not power itself off. @throws MachineError `unsupported` */
export async function checkTimer(
  machine: string,
  host: ProvisionedHost,
  io: Parameters<ProvisionedHost["facts"]>[0],
): Promise<void> {
  const { init } = await host.facts(io);
  if (init === "systemd") return;
  throw new MachineError("unsupported", `${machine}: --ttl needs systemd, and the host runs OpenRC`, {
    hint: `remove it and create it again without --ttl: machine rm ${machine}`,
  });
}
