import { handshake, readCredentials } from "../docker/connection.js";
import { isMachineError, MachineError, poll, type DriverState, type Status, type Verb } from "../driver/index.js";
import { saveState, type Host } from "./host.js";
import type { Session } from "./session.js";

const goal: Readonly<Record<Verb, Status>> = { start: "running", restart: "running", stop: "stopped", kill: "stopped" };

/**
 * Brings the machine into the state that the verb means and waits until it is so.
 * @throws MachineError `failed` in docker-machine's words where it is so already
 */
export async function changePower(session: Session, host: Host, verb: Verb): Promise<void> {
  const { name, driver, machine, io } = host;
  const { status } = await driver.inspect(machine, io);
  if (verb !== "restart" && status === goal[verb]) {
    throw new MachineError("failed", `Machine "${name}" is already ${goal[verb]}.`);
  }
  const act = verbOf(host, verb);
  await session.store.lock(name, async () => {
    await saveState(session, name, await act());
    const found = await poll(io, `${name} to be ${goal[verb]}`, { every: 3_000, limit: 180_000 }, async () => {
      const now = await driver.inspect(machine, io);
      return now.status === goal[verb] ? now : undefined;
    });
    await saveState(session, name, found.state);
    if (goal[verb] === "running") await engineUp(session, host, { ...machine.state, ...found.state });
  });
}

/** Waits until the engine answers; one whose certificate does not fit any more is up as well, and is told of. */
async function engineUp(session: Session, { name, dir, driver, io }: Host, state: DriverState): Promise<void> {
  const { docker: url, shell } = driver.access(state);
  if (shell === undefined) return;
  const credentials = readCredentials(dir);
  const hint = `look at its log: machine ssh ${name} sudo journalctl -u docker`;
  await poll(io, `the engine of ${name}`, { limit: 120_000, hint }, async () => {
    try {
      await handshake(url, credentials, { signal: io.signal });
      return true;
    } catch (error) {
      if (!isMachineError(error) || error.code === "interrupted") throw error;
      if (error.code === "untrusted") session.tell(`(${name}) ${error.message}: machine regenerate-certs ${name}`);
      return error.code === "untrusted" ? true : undefined;
    }
  });
}

/** What to call: a driver without `restart` stops and starts. @throws MachineError `unsupported` */
function verbOf({ driver, machine, io }: Host, verb: Verb): () => Promise<object | void> {
  if (driver[verb] !== undefined) return async () => driver[verb]?.(machine, io);
  if (verb === "restart" && driver.start !== undefined && driver.stop !== undefined) {
    return async () => ({ ...(await driver.stop?.(machine, io)), ...(await driver.start?.(machine, io)) });
  }
  throw new MachineError("unsupported", driver.refusal?.(verb) ?? `${driver.name} driver does not support ${verb}`);
}
