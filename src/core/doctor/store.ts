import { hostname } from "node:os";
import { ok, warning, type Check, type Finding } from "../../driver/index.js";
import { pasteable } from "../../shell/exec.js";
import { findLeftovers } from "../../store/leftovers.js";
import { lockUsers, type LockUser } from "../../store/lock.js";
import { checkAuthority } from "../../tls/authority.js";
import { unusedContexts } from "../clients/docker-context.js";
import type { Session } from "../session/session.js";
import { checkExpiry } from "./certificates.js";
import { directoryModes, keyModes } from "./modes.js";

/** What is looked at of the store as a whole. */
export function storeChecks(session: Session): readonly Check[] {
  const { certs, store } = session;
  const { root, paths } = store;
  return [
    directoryModes([root, paths.certs.dir, paths.machines]),
    keyModes([certs.caKey, certs.key]),
    { what: "certificates", run: () => checkCertificates(session) },
    { what: "locks", run: () => checkLocks(session) },
    { what: "leftovers", run: () => checkLeftovers(session) },
    { what: "docker contexts", run: () => checkContexts(session) },
  ];
}

async function checkCertificates({ certs }: Session): Promise<Finding | undefined> {
  await checkAuthority(certs, Date.now());
  return checkExpiry(certs.dir, "machine regenerate-certs NAME, or the next create, renews them");
}

async function checkLocks(session: Session): Promise<Finding> {
  const users = await allLockUsers(session);
  const dead = users.filter(({ isDead }) => isDead);
  const far = users.filter(({ host }) => host !== hostname());
  const files = (some: readonly LockUser[]): string => pasteable(["rm", ...some.map(({ file }) => file)]);
  if (far.length > 0) {
    const who = far.map(({ lock, pid, host }) => `${lock} by process ${String(pid)} on ${host}`);
    return warning(`taken from another computer: ${who.join(", ")}`, `if it is gone: ${files(far)}`);
  }
  if (dead.length > 0) {
    const who = dead.map(({ lock, pid }) => `${lock} by process ${String(pid)}`);
    return warning(`of processes that are gone, which hold nobody up: ${who.join(", ")}`, files(dead));
  }
  return ok(users.length === 0 ? "nobody has one" : `taken now: ${users.map(({ lock }) => lock).join(", ")}`);
}

async function checkLeftovers(session: Session): Promise<Finding | undefined> {
  // First: what is there now may be written by whoever has a lock by then.
  const left = await findLeftovers(session.store.root);
  if ((await allLockUsers(session)).some(({ isDead }) => !isDead)) return undefined;
  return left.length === 0
    ? ok("none")
    : warning("something was cut off, and has left what is of no use", pasteable(["rm", "-r", ...left]));
}

async function checkContexts(session: Session): Promise<Finding> {
  const unused = await unusedContexts(session);
  return unused.length === 0
    ? ok("none leads nowhere")
    : warning(`these lead to machines that are gone: ${unused.join(", ")}`, "machine context sync");
}

async function allLockUsers({ store: { paths } }: Session): Promise<readonly LockUser[]> {
  return [...(await lockUsers(paths.locks)), ...(await lockUsers(paths.machineLocks))];
}
