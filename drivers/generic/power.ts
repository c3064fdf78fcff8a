import { bootIdOf, MachineError, poll, type Io, type Machine, type Status } from "../../src/driver/index.js";
import { answers } from "./probe.js";
import { checkState, target, type GenericState } from "./state.js";

/** Running when the engine or sshd answers. Behind a jump host only a login can tell. */
export async function statusOf({ state }: Machine<GenericState>, io: Io): Promise<Status> {
  checkState(state);
  if (state.SSHJump === undefined) {
    const isUp = (await answers(state.IPAddress, state.EnginePort)) || (await answers(state.IPAddress, state.SSHPort));
    return isUp ? "running" : "stopped";
  }
  return io.shell(target(state)).then(
    () => "running",
    () => "stopped",
  );
}

/**
 * Reboots the host over ssh and returns when it has come up again. Its boot id tells the new run of the system from
 * the old one that is still going down: a login alone would prove nothing.
 */
export async function restart({ state }: Machine<GenericState>, io: Io): Promise<void> {
  const host = target(state);
  const shell = await io.shell(host);
  const before = await bootIdOf(io, host);
  const command = 'if [ "$(id -u)" = 0 ]; then shutdown -r now; else sudo -n shutdown -r now; fi';
  const { code, stderr } = await shell
    .exec(command, { purpose: "reboot the host", timeout: 30_000 })
    .catch(() => ({ code: 0, stderr: "" }));
  if (code !== 0) {
    throw new MachineError("failed", `could not reboot ${host.host}`, {
      output: stderr,
      hint: `rebooting takes root or sudo without a password for ${host.user}`,
    });
  }
  const hint = `look at its console, then try "ssh ${host.user}@${host.host}"`;
  await poll(io, `${host.host} to come up again`, { every: 3_000, limit: 180_000, hint }, async () => {
    const now = await bootIdOf(io, host);
    return now !== undefined && now !== before ? true : undefined;
  });
}
