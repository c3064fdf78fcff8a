import { handshake, readCredentials } from "../../docker/connection.js";
import { isExpected, MachineError, poll, whileDoing, type Status, type PowerAction } from "../../driver/index.js";
import type { AskPassword } from "../../shell/script.js";
import { askOverSsh } from "../clients/engine-version.js";
import { provisionHost } from "../create/provision.js";
import { hostWith, saveState, withHost, type Host } from "../host/host.js";
import { inspect } from "../inspect/inspect.js";
import type { Session } from "../session/session.js";

/** What the machine is after it. */
export const targetStatus: Readonly<Record<PowerAction, Status>> = {
  start: "running",
  restart: "running",
  stop: "stopped",
  kill: "stopped",
};

/**
 * Brings the machine into the state that the verb means and waits until it is so. Where that gives it another address,
 * its engine gets a certificate that fits.
 * @param sudoPassword for that
 * @throws MachineError `failed` in docker-machine's words where it is so already
 */
export async function changePower(
  session: Session,
  name: string,
  verb: PowerAction,
  sudoPassword: AskPassword,
): Promise<void> {
  const target = targetStatus[verb];
  await withHost(session, name, async (saved) => {
    const { status, host } = await inspect(session, saved, { lock: "held" });
    if (verb !== "restart" && status === target) {
      throw new MachineError("failed", `Machine "${name}" is already ${target}.`);
    }
    const now = await brought(session, await acted(session, host, verb), target);
    if (target !== "running" || now.driver.access(now.state).shell === undefined) return;
    const misfit = await waitForEngine(session, now);
    if (now.state.IPAddress !== saved.state.IPAddress && now.transport !== "ssh") {
      await renewCertificate(session, now, sudoPassword);
    } else {
      warnOfMisfit(session, name, misfit);
    }
  });
}

/** Has the driver act. A driver without `restart` stops and starts. @throws MachineError `unsupported` */
async function acted(session: Session, host: Host, verb: PowerAction): Promise<Host> {
  const { name, driver, io } = host;
  const actions = verb === "restart" && driver.restart === undefined ? ["stop" as const, "start" as const] : [verb];
  if (actions.some((action) => driver[action] === undefined)) {
    const why = driver.unsupportedMessage?.(verb) ?? `${driver.name} driver does not support ${verb}`;
    throw new MachineError("unsupported", why);
  }
  let now = host;
  for (const action of actions) {
    const changes = await driver[action]?.(now, io);
    await saveState(session, name, changes);
    now = hostWith(now, changes);
  }
  return now;
}

/** Waits until the machine's driver says that it is so. */
async function brought(session: Session, host: Host, target: Status): Promise<Host> {
  let now = host;
  await poll(host.io, `${host.name} to be ${target}`, { every: 3_000, limit: 180_000 }, async () => {
    const found = await inspect(session, now, { lock: "held" });
    now = found.host;
    return found.status === target ? true : undefined;
  });
  return now;
}

async function renewCertificate(session: Session, host: Host, sudoPassword: AskPassword): Promise<void> {
  session.tell(`(${host.name}) its address is ${host.state.IPAddress} now, which its certificate gets as well`);
  await provisionHost(session, host, { sudoPassword }).catch((error: unknown) => {
    throw whileDoing(`${host.name} is up, but its certificate does not fit its new address`, error);
  });
}

/** @param misfit what is wrong with the certificate of the machine's engine, if anything */
export function warnOfMisfit({ tell }: Session, name: string, misfit: MachineError | undefined): void {
  if (misfit !== undefined) tell(`(${name}) ${misfit.message}: machine regenerate-certs ${name}`);
}

/** Waits until the engine answers. One whose certificate does not fit is up as well: what is wrong with it is returned. */
export async function waitForEngine(session: Session, host: Host): Promise<MachineError | undefined> {
  const { name, dir, driver, state, io } = host;
  const { docker: url } = driver.access(state);
  const credentials = host.transport === "ssh" ? undefined : readCredentials(dir);
  const hint = `look at its log: machine ssh ${name} sudo journalctl -u docker`;
  const { misfit } = await poll(io, `the engine of ${name}`, { limit: 120_000, hint }, async () => {
    try {
      if (credentials === undefined) await askOverSsh(session, host);
      else await handshake(url, credentials, { signal: io.signal });
      return { misfit: undefined };
    } catch (error) {
      if (!isExpected(error)) throw error;
      return error.code === "untrusted" ? { misfit: error } : undefined;
    }
  });
  return misfit;
}
