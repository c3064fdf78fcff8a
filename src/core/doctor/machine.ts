import { existsSync } from "node:fs";
import { failed, MachineError, ok, type Check, type Driver, type Finding, type Io } from "../../driver/index.js";
import { lockUsers } from "../../store/lock.js";
import { machinePaths } from "../../store/paths.js";
import type { BrokenMachine, StoredMachine } from "../../store/store.js";
import { openHost } from "../host/host.js";
import { inspect } from "../inspect/inspect.js";
import { listMachines } from "../inspect/list.js";
import type { Session } from "../session/session.js";
import { stateWord, unfinished } from "../inspect/status.js";
import { checkExpiry } from "./certificates.js";
import { directoryModes, keyModes } from "./modes.js";

/** What is looked at of each machine. */
export function machineChecks(session: Session, one: StoredMachine | BrokenMachine): readonly Check[] {
  if ("error" in one) return [failed("config.json", one.error)];
  const { dir, clientKey, serverKey, sshKey, credentials } = machinePaths(session.store.root, one.name);
  const keys = [clientKey, serverKey, sshKey, credentials, one.config.Driver.SSHKeyPath].filter((path) => path !== "");
  return [
    { what: "state", run: (io) => checkState({ ...session, signal: io.signal }, one, io) },
    { what: "certificates", run: () => checkExpiry(dir, `machine regenerate-certs ${one.name}`) },
    directoryModes([dir]),
    keyModes(keys),
    ...(existsSync(credentials) ? [{ what: "credentials", run: () => Promise.resolve(kept(one.name)) }] : []),
  ];
}

function kept(name: string): Finding {
  return ok(`saved in credentials.json; machine scrub ${name} removes them`);
}

async function checkState(session: Session, stored: StoredMachine, io: Io): Promise<Finding> {
  const { name } = stored;
  const journal = await session.store.readJournal(name);
  if (journal !== undefined) {
    if (await isAtWork(session, name)) return ok("a command is at work on it");
    throw unfinished(name, journal.phase);
  }
  const host = await openHost(session, stored);
  const { driver } = host;
  const { status } = await inspect(session, { ...host, io: { ...io, env: host.io.env } }, { lock: "none" });
  if (status === "missing") {
    throw new MachineError("not-found", `${driver.name} driver has no such machine any more`, {
      hint: `machine rm ${name}`,
    });
  }
  if (status === "error") {
    throw new MachineError("failed", `${driver.name} driver calls its state an error`, {
      hint: `machine kill ${name}, then machine start ${name}`,
    });
  }
  return status === "running" ? checkEngine(session, stored, driver) : ok(stateWord(status));
}

/** An engine that somebody else looks after is not ours to judge. */
async function checkEngine(session: Session, stored: StoredMachine, driver: Driver): Promise<Finding> {
  if (driver.access(stored.config.Driver).shell === undefined) return ok("Running");
  const [row] = await listMachines(session, [stored], { limit: 60_000 });
  const { error = "", dockerVersion = "" } = row ?? {};
  if (error === "") return ok(`Running, engine ${dockerVersion}`);
  throw new MachineError("unreachable", error, {
    hint: `machine ssh ${stored.name} sudo journalctl -u docker -n 20 says why; machine provision ${stored.name} mends what is not right`,
  });
}

async function isAtWork({ store }: Session, name: string): Promise<boolean> {
  return (await lockUsers(store.paths.machineLocks)).some(({ lock, isDead }) => lock === name && !isDead);
}
