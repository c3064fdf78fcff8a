import type { Host } from "../host/host.js";
import type { Session } from "../session/session.js";
import { addContext, dropContext, keepContext } from "./docker-context.js";
import { refreshSshConfig } from "./ssh-config.js";

/**
 * What follows a machine on this computer: docker's context and the configuration of ssh. Whoever changes a machine tells
 * them here, under the machine's lock. What goes wrong is told and fails nothing.
 */

/** A machine is complete. @param hasContext false: it is to have no context */
export async function machineCompleted(session: Session, host: Host, hasContext = true): Promise<void> {
  if (hasContext) await addContext(session, host);
  await refreshSshConfig(session);
}

/** A machine is reached otherwise, or has other certificates. */
export async function machineChanged(session: Session, host: Host): Promise<void> {
  await keepContext(session, host);
  await refreshSshConfig(session);
}

/** A machine is gone from the store. */
export async function machineRemoved(session: Session, name: string): Promise<void> {
  await dropContext(session, name);
  await refreshSshConfig(session);
}
