import { keepContext } from "../clients/docker-context.js";
import { hostWith, saveState, type Host } from "../host/host.js";
import type { Session } from "../session/session.js";
import { refreshSshConfig } from "../clients/ssh-config.js";

/**
 * Saves what a driver found to be different, e.g. the address; docker's context and ssh's configuration follow. The caller
 * holds the machine's lock.
 */
export async function saveFound(session: Session, host: Host, changes: object | undefined): Promise<Host> {
  const now = hostWith(host, changes);
  await saveState(session, host.name, changes);
  await refreshSshConfig(session);
  await keepContext(session, now);
  return now;
}
