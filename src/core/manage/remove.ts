import { MachineError, messageOf, isExpected } from "../../driver/index.js";
import { machineRemoved } from "../clients/followers.js";
import { loadHost } from "../host/host.js";
import type { Session } from "../session/session.js";

/**
 * Has the driver remove the machine, then forgets it. With `force` it is forgotten whatever the driver says; what
 * the driver could not remove is told.
 */
export async function removeMachine(session: Session, name: string, force: boolean): Promise<void> {
  const { store } = session;
  if (!(await store.has(name))) await store.read(name);
  await store.lock(name, async () => {
    try {
      const host = await loadHost(session, name);
      await host.driver.remove(host, host.io);
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (!force) throw withWayOut(name, error);
      session.tell(`Error removing host "${name}": ${messageOf(error)}`);
    }
    await store.remove(name);
    await machineRemoved(session, name);
  });
}

function withWayOut(name: string, error: MachineError): MachineError {
  const { hint = "" } = error;
  const line = `machine rm -f ${name}`;
  const hints = [
    ...(hint === "" ? [] : [hint]),
    ...(hint.includes(line) ? [] : [`to forget ${name} nevertheless: ${line}`]),
  ];
  return error.with({ hint: hints.join("\nhint: ") });
}
