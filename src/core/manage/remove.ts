import { MachineError, messageOf, isExpected } from "../../driver/index.js";
import { dropContext } from "../clients/docker-context.js";
import { loadHost } from "../host/host.js";
import type { Session } from "../session/session.js";
import { refreshSshConfig } from "../clients/ssh-config.js";

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
      if (!isExpected(error)) throw error;
      if (!force) throw withWayOut(name, error);
      session.tell(`Error removing host "${name}": ${messageOf(error)}`);
    }
    await store.remove(name);
    await dropContext(session, name);
  });
  await refreshSshConfig(session);
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
