import { handshake, readCredentials } from "../../docker/connection.js";
import { MachineError, poll, type Status, type Verb, whileDoing, isExpected } from "../../driver/index.js";
import { askOverSsh } from "../clients/engine-version.js";
import { saveFound } from "../inspect/save-changes.js";
import { hostWith, saveState, type Host } from "../host/host.js";
import { provisionHost, type ProvisionRequest } from "../create/provision.js";
import type { Session } from "../session/session.js";

/** What the machine is after it. */
export const goal: Readonly<Record<Verb, Status>> = {
  start: "running",
  restart: "running",
  stop: "stopped",
  kill: "stopped",
};

/**
 * Brings the machine into the state that the verb means and waits until it is so. Where that gives it another address,
 * its engine gets a certificate that fits.
 * @param sudoPassword for that: see {@link ProvisionRequest}
 * @throws MachineError `failed` in docker-machine's words where it is so already
 */
export async function changePower(
  session: Session,
  host: Host,
  verb: Verb,
  sudoPassword: ProvisionRequest["sudoPassword"],
): Promise<void> {
  const { name, driver, machine, io } = host;
  const { status } = await driver.inspect(machine, io);
  if (verb !== "restart" && status === goal[verb]) {
    throw new MachineError("failed", `Machine "${name}" is already ${goal[verb]}.`);
  }
  const act = verbOf(host, verb);
  await session.store.lock(name, async () => {
    const changes = await act();
    await saveState(session, name, changes);
    const acted = hostWith(host, changes);
    const found = await poll(io, `${name} to be ${goal[verb]}`, { every: 3_000, limit: 180_000 }, async () => {
      const now = await driver.inspect(acted.machine, io);
      return now.status === goal[verb] ? now : undefined;
    });
    const now = await saveFound(session, acted, found.state);
    if (goal[verb] !== "running" || driver.access(now.machine.state).shell === undefined) return;
    const hasMoved = now.machine.state.IPAddress !== machine.state.IPAddress;
    await engineUp(session, now, hasMoved);
    if (hasMoved && host.transport !== "ssh") await renewCertificate(session, now, sudoPassword);
  });
}

async function renewCertificate(
  session: Session,
  host: Host,
  sudoPassword: ProvisionRequest["sudoPassword"],
): Promise<void> {
  session.tell(`(${host.name}) its address is ${host.machine.state.IPAddress} now, which its certificate gets as well`);
  await provisionHost(session, host, { sudoPassword }).catch((error: unknown) => {
    throw whileDoing(`${host.name} is up, but its certificate does not fit its new address`, error);
  });
}

/** Waits until the engine answers; one whose certificate does not fit is up as well, and is told of unless expected. */
export async function engineUp(session: Session, host: Host, expected: boolean): Promise<void> {
  const { name, dir, driver, machine, io } = host;
  const { docker: url } = driver.access(machine.state);
  const credentials = host.transport === "ssh" ? undefined : readCredentials(dir);
  const hint = `look at its log: machine ssh ${name} sudo journalctl -u docker`;
  await poll(io, `the engine of ${name}`, { limit: 120_000, hint }, async () => {
    try {
      if (credentials === undefined) await askOverSsh(session, host);
      else await handshake(url, credentials, { signal: io.signal });
      return true;
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (error.code === "untrusted" && !expected) {
        session.tell(`(${name}) ${error.message}: machine regenerate-certs ${name}`);
      }
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
