import { saveState, withHost } from "../host/host.js";
import type { Session } from "../session/session.js";

/**
 * Takes the credentials that docker-machine has saved out of config.json and removes its copies, once the machine's
 * driver has seen that it can do without. False: there are none.
 */
export async function scrubMachine(session: Session, name: string): Promise<boolean> {
  return withHost(session, name, async (host) => {
    const { driver, io } = host;
    const changes = await driver.scrub?.(host, io);
    if (driver.scrub === undefined) return false;
    await saveState(session, name, changes);
    await session.store.removeCopies(name);
    return changes !== undefined;
  });
}
