import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { isExpected, MachineError, messageOf } from "../../driver/index.js";
import { machinePaths } from "../../store/paths.js";
import { saveState, withHost, type Host } from "../host/host.js";
import type { Session } from "../session/session.js";

/**
 * Takes the credentials of a machine out of the store: those that docker-machine has saved in config.json and its copies,
 * and those that were given as flags, once the machine's driver has seen that it can do without. False: there are none.
 */
export async function scrubMachine(session: Session, name: string): Promise<boolean> {
  return withHost(session, name, async (saved) => {
    const host = { ...saved, io: { ...saved.io, env: session.env } };
    const { credentials } = machinePaths(session.store.root, name);
    const hadOwn = existsSync(credentials);
    const changes = await host.driver.scrub?.(host, host.io);
    if (changes === undefined && hadOwn) await checkOthers(host);
    await saveState(session, name, changes);
    if (host.driver.scrub !== undefined) await session.store.removeCopies(name);
    if (hadOwn) await rm(credentials);
    return changes !== undefined || hadOwn;
  });
}

/** @throws MachineError `failed` where the environment, a profile or a role do not show the machine */
async function checkOthers(host: Host): Promise<void> {
  const { name, driver, io } = host;
  const kept = `the credentials of ${name} are kept, as no others work`;
  const { status } = await driver.inspect(host, io).catch((error: unknown) => {
    if (!isExpected(error)) throw error;
    throw new MachineError("failed", `${kept}: ${messageOf(error)}`, { cause: error });
  });
  if (status !== "missing") return;
  throw new MachineError("failed", `${kept}: it is not there for the others`, {
    hint: `use credentials of its account, or remove the machine: machine rm ${name}`,
  });
}
