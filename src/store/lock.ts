import { promises as fs } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MachineError, fileFailure, isSystemError } from "../driver/index.js";
import { makeDirectory } from "./file.js";
import { isDead, sharesPids, thisProcess, type Owner } from "./lock-owner.js";

export interface LockOptions {
  /** Milliseconds after which a lock that somebody else holds is given up. Default 5,000. */
  readonly wait?: number | undefined;
  /** Ends the waiting, not the work. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while nobody else, in this process or another, holds the lock `name` of `directory`.
 * It is released when `work` settles; a holder that was killed is recognised and passed over.
 *
 * Each contender owns one file in `directory/NAME/`, whose name says who it is and whether it waits or holds, and which
 * is never used again. To acquire is to rename one's file to `hold...` and then to list: when another such file of a
 * living process is there, one steps back. Of two contenders the later one to rename lists after both have renamed, so
 * they can never both be alone. The order of the waiting is a courtesy that safety does not rest on.
 * @param about what others are told while they wait
 * @throws MachineError `busy` after the wait, naming the holder; `interrupted` when the signal ends the waiting;
 * `failed` where `directory` cannot be written
 */
export async function withLock<T>(
  directory: string,
  name: string,
  about: { readonly command: string },
  work: () => Promise<T>,
  { wait = 5_000, signal }: LockOptions = {},
): Promise<T> {
  const place = join(directory, encodeURIComponent(name).replace(/^\./, "%2E"));
  const self = await newTicket();
  try {
    await enter(place, self, about.command);
    await acquire(place, name, self, wait, signal);
    return await work();
  } finally {
    await leave(place, self);
  }
}

/** Who holds a lock, or waits for one. */
export interface LockUser {
  /** The lock's name. */
  readonly lock: string;
  readonly pid: number;
  readonly host: string;
  /** A process of this computer that is gone: the next one that wants the lock passes it over. */
  readonly isDead: boolean;
  /** Path of the file that says all this. */
  readonly file: string;
}

/** Those of all locks of `directory`. Takes none and changes nothing. */
export async function lockUsers(directory: string): Promise<readonly LockUser[]> {
  const found: LockUser[] = [];
  const self = await thisProcess();
  for (const entry of await fs.readdir(directory).catch(() => [])) {
    for (const file of await fs.readdir(join(directory, entry)).catch(() => [])) {
      const one = parseFileName(file);
      if (one === undefined) continue;
      const { pid, host } = one;
      const itself = { lock: decoded(entry), pid, host, file: join(directory, entry, file) };
      found.push({ ...itself, isDead: await isDead(one, self) });
    }
  }
  return found;
}

/** What the name of a contender's file says. */
interface Ticket extends Owner {
  /** Milliseconds since 1970 at which it came. */
  readonly since: number;
  readonly token: string;
}

interface Contender extends Ticket {
  readonly file: string;
  readonly holds: boolean;
}

async function newTicket(): Promise<Ticket> {
  return { ...(await thisProcess()), since: Date.now(), token: crypto.randomUUID() };
}

function fileName(state: "wait" | "hold", ticket: Ticket): string {
  const { since, pid, start, token, computer, boot, namespace, host } = ticket;
  const place = [computer, boot, namespace].join("-");
  return [state, since, pid, start, token, place, encodeURIComponent(host)].join(".");
}

function parseFileName(file: string): Contender | undefined {
  const found = /^(wait|hold)\.(\d+)\.(\d+)\.(\d+|x)\.([0-9a-f-]+)\.(\w+)-(\w+)-(\d+|x)\.(.+)$/.exec(file);
  if (found === null) return undefined;
  const [, state, since, pid, start = "", token = "", computer = "", boot = "", namespace = "", host = ""] = found;
  const owner = { pid: Number(pid), start, computer, boot, namespace, host: decoded(host) };
  return { ...owner, file, holds: state === "hold", since: Number(since), token };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The last one to leave removes `place`, so that it may vanish at any moment here; not for ever, though. */
async function enter(place: string, self: Ticket, command: string): Promise<void> {
  const facts = JSON.stringify({ ...self, since: new Date(self.since).toISOString(), command }) + "\n";
  for (let triesLeft = 100; ; triesLeft--) {
    try {
      await makeDirectory(place);
      await writeTicket(join(place, fileName("wait", self)), facts);
      return;
    } catch (error) {
      if (isSystemError(error, "ENOENT") && triesLeft > 0) continue;
      throw fileFailure(`cannot lock ${place}`, error);
    }
  }
}

/** All that is needed stands in the name. The facts are for people: a full disk, on which `rm` makes room, lacks them. */
async function writeTicket(path: string, facts: string): Promise<void> {
  const file = await fs.open(path, "wx", 0o600);
  try {
    await file.writeFile(facts);
  } catch (error) {
    if (!isSystemError(error, "ENOSPC", "EDQUOT")) throw error;
  } finally {
    await file.close();
  }
}

/** A file that cannot be removed is that of a dead process soon. */
async function leave(place: string, self: Ticket): Promise<void> {
  for (const state of ["hold", "wait"] as const) {
    await fs.rm(join(place, fileName(state, self)), { force: true }).catch(() => undefined);
  }
  await fs.rmdir(place).catch(() => undefined);
}

/**
 * The longest waiting comes first. A later one goes ahead when it has found the lock free as often as there are
 * others before it: they may have been suspended.
 */
async function acquire(
  place: string,
  name: string,
  self: Ticket,
  wait: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const end = performance.now() + wait;
  for (let looksWhenFree = 0; ;) {
    const { holder, ahead } = await look(place, self);
    looksWhenFree = holder === undefined ? looksWhenFree + 1 : 0;
    if (looksWhenFree > ahead.length && (await claim(place, self))) return;
    if (performance.now() >= end) throw await busy(place, name, self, holder ?? ahead[0]);
    await pause(name, signal);
  }
}

async function claim(place: string, self: Ticket): Promise<boolean> {
  const waiting = join(place, fileName("wait", self));
  const holding = join(place, fileName("hold", self));
  await fs.rename(waiting, holding);
  const { holder } = await look(place, self);
  if (holder !== undefined) await fs.rename(holding, waiting);
  return holder === undefined;
}

/** Who else holds the lock, and who came before of those that are known to live. Removes the files of the dead. */
async function look(
  place: string,
  self: Ticket,
): Promise<{ holder: Contender | undefined; ahead: readonly Contender[] }> {
  const living: Contender[] = [];
  for (const file of await fs.readdir(place)) {
    const other = parseFileName(file);
    if (other === undefined || other.token === self.token) continue;
    if (await isDead(other, self)) await fs.rm(join(place, file), { force: true });
    else living.push(other);
  }
  const ahead = living.filter((other) => !other.holds && sharesPids(other, self) && isBefore(other, self));
  return { holder: living.find(({ holds }) => holds), ahead };
}

function isBefore(one: Ticket, other: Ticket): boolean {
  return one.since < other.since || (one.since === other.since && one.token < other.token);
}

/** Long enough not to load the computer, uneven so that contenders fall out of step. */
async function pause(name: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(10 + Math.random() * 30, undefined, signal && { signal });
  } catch (error) {
    throw new MachineError("interrupted", `interrupted while waiting for ${name}`, { cause: error });
  }
}

async function busy(place: string, name: string, self: Ticket, other: Contender | undefined): Promise<MachineError> {
  if (other === undefined) return new MachineError("busy", `${name} is in use`, { hint: "try again" });
  const file = join(place, other.file);
  const since = new Date(other.since).toISOString();
  const where = whereIs(other, self);
  const message = `${name} is in use by process ${String(other.pid)}${where}${await commandIn(file)}, since ${since}`;
  const hint =
    where === ""
      ? `try again when it is done; if process ${String(other.pid)} is something else by now, delete ${file}`
      : `if that process is gone, delete ${file}`;
  return new MachineError("busy", message, { hint });
}

function whereIs(other: Owner, self: Owner): string {
  if (sharesPids(other, self)) return "";
  if (other.host !== self.host) return ` on the computer ${other.host}`;
  return other.boot === self.boot ? " in another container" : ` on another computer called ${other.host}`;
}

async function commandIn(file: string): Promise<string> {
  try {
    const facts: unknown = JSON.parse(await fs.readFile(file, "utf8"));
    const isKnown = typeof facts === "object" && facts !== null && "command" in facts;
    return isKnown && typeof facts.command === "string" ? ` (${facts.command})` : "";
  } catch {
    return "";
  }
}
