import { isMachineError, messageOf } from "../driver/index.js";
import { loadHost } from "./host.js";
import type { Session } from "./session.js";

/**
 * Has the driver remove the machine, then forgets it. With `force` it is forgotten whatever the driver says; what
 * the driver could not remove is told.
 */
export async function removeMachine(session: Session, name: string, force: boolean): Promise<void> {
  const { store } = session;
  if (!(await store.has(name))) await store.read(name);
  await store.lock(name, async () => {
    try {
      const { driver, machine, io } = await loadHost(session, name);
      await driver.remove(machine, io);
    } catch (error) {
      if (!force || !isMachineError(error)) throw error;
      session.tell(`Error removing host "${name}": ${messageOf(error)}`);
    }
    await store.remove(name);
  });
}
