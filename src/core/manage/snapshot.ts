import { MachineError, connectWithRetry, type Snapshot, type Snapshots } from "../../driver/index.js";
import { becomeRoot, runScript, type AskPassword } from "../../shell/script.js";
import { machineChanged } from "../clients/followers.js";
import { inspect } from "../inspect/inspect.js";
import { hostWith, saveState, withHost, type Host } from "../host/host.js";
import { waitForEngine, warnOfMisfit } from "./power.js";
import type { Session } from "../session/session.js";

export async function listSnapshots(session: Session, name: string): Promise<readonly Snapshot[]> {
  return withHost(session, name, (host) => snapshotsOf(host).list(host, host.io));
}

/**
 * Keeps the machine's state, with its memory where it runs.
 * @param snapshot undefined: one is made of the time, which is returned
 * @throws MachineError `exists`
 */
export async function saveSnapshot(session: Session, name: string, snapshot?: string): Promise<string> {
  const wanted = snapshot ?? new Date().toISOString().replace(/\..*/, "").replaceAll(":", "-");
  checkName(wanted);
  await withHost(session, name, (host) => snapshotsOf(host).save(host, wanted, host.io));
  return wanted;
}

/**
 * Brings the machine back to a state. One that runs then gets the time of now, and its engine is waited for.
 * @param sudoPassword for setting the clock
 * @throws MachineError `not-found`
 */
export async function restoreSnapshot(
  session: Session,
  name: string,
  snapshot: string,
  sudoPassword: AskPassword,
): Promise<void> {
  await withHost(session, name, async (host) => {
    const changes = await snapshotsOf(host).restore(host, snapshot, host.io);
    await saveState(session, name, changes);
    const { status, host: now } = await inspect(session, hostWith(host, changes), { lock: "held" });
    await machineChanged(session, now);
    if (status !== "running" || now.driver.access(now.state).shell === undefined) return;
    await setClock(now, sudoPassword);
    warnOfMisfit(session, name, await waitForEngine(session, now));
  });
}

/** @throws MachineError `not-found` */
export async function removeSnapshot(session: Session, name: string, snapshot: string): Promise<void> {
  await withHost(session, name, (host) => snapshotsOf(host).remove(host, snapshot, host.io));
}

/** @throws MachineError `unsupported` */
function snapshotsOf({ driver }: Host): Snapshots {
  if (driver.snapshots !== undefined) return driver.snapshots;
  throw new MachineError("unsupported", `${driver.name} driver does not support snapshots`);
}

/** A number alone would be taken by QEMU for the id of another one. */
function checkName(snapshot: string): void {
  if (/^[\p{L}\p{N}_][\p{L}\p{N} ._+-]{0,99}$/u.test(snapshot) && !/^\d+$/.test(snapshot)) return;
  throw new MachineError("usage", `"${snapshot}" is no name for a snapshot`, {
    hint: "letters, digits, spaces and . _ + -, at most 100, a letter, a digit or _ first, and not digits alone",
  });
}

/** The clock is part of what was restored, and certificates that were made since are not good yet by it. */
async function setClock({ name, driver, state, io }: Host, sudoPassword: AskPassword): Promise<void> {
  const { shell: target } = driver.access(state);
  if (target === undefined) return;
  const shell = await connectWithRetry(io, target);
  const script = {
    name: `${name}: could not set the clock`,
    purpose: "set the clock",
    text: 'date -u -s "@$NOW"',
    params: { NOW: String(Math.round(io.now() / 1_000)) },
  };
  await runScript(shell, script, await becomeRoot(shell, sudoPassword));
}
