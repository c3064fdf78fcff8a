import { bracketed } from "../../driver/index.js";
import { sshTargetOf, type Host } from "../host/host.js";
import type { Session } from "../session/session.js";

/**
 * The address that a docker client is given for the machine: what DOCKER_HOST and contexts say. Over ssh that is
 * `ssh://NAME` where the user's ssh knows the machine by its name, or could not do without since others stand between.
 */
export async function clientUrl(session: Session, machine: Host): Promise<string> {
  if (machine.transport !== "ssh") return machine.driver.access(machine.state).docker;
  const { host, port, user, jump, proxy } = sshTargetOf(machine);
  const { isSshConfigInstalled } = await import("./ssh-config.js");
  if (jump !== undefined || proxy !== undefined || isSshConfigInstalled(session)) return `ssh://${machine.name}`;
  return `ssh://${encodeURIComponent(user)}@${bracketed(host)}:${String(port)}`;
}
