import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { platform } from "node:os";
import { join } from "node:path";
import { fileFailure, homeOf, isMachineError, messageOf } from "../../driver/index.js";
import { opensshConfig, type OpenSshHost } from "../../shell/openssh.js";
import { addInclude, hasInclude, removeInclude } from "../../shell/ssh-include.js";
import { makeDirectory, removeLeftovers, replaceFile } from "../../store/file.js";
import { loadHosts, sshTargetOf, type Host } from "../host/host.js";
import type { Session } from "../session/session.js";

/**
 * The configuration by which the programs of OpenSSH know the machines by their names.
 * @param names default: all that have ssh and can be loaded
 * @throws MachineError where one of those named has no ssh or cannot be loaded
 */
export async function sshConfigOf(session: Session, names?: readonly string[]): Promise<string> {
  const hosts = (names === undefined ? await allHosts(session) : await loadHosts(session, names)).map(opensshHost);
  for (const { name, knownHosts } of hosts) {
    if (existsSync(knownHosts)) continue;
    session.tell(`(${name}) its host key is not known yet: machine ssh ${name} true pins it`);
  }
  return configOf(session, hosts);
}

async function configOf({ store }: Session, hosts: readonly OpenSshHost[]): Promise<string> {
  const { sockets } = store.paths;
  if (isShared) await makeDirectory(sockets);
  return opensshConfig(hosts, isShared ? sockets : undefined);
}

/** OpenSSH for Windows cannot share connections. */
const isShared = platform() !== "win32";

/** As the programs of OpenSSH have to know it. @throws MachineError `unsupported` for a machine without ssh */
export function opensshHost(host: Host): OpenSshHost {
  return { name: host.name, target: sshTargetOf(host), knownHosts: join(host.dir, "known_hosts") };
}

async function allHosts(session: Session): Promise<Host[]> {
  const loading = (await session.store.names()).map((name) => loadHosts(session, [name]));
  const loaded = (await Promise.allSettled(loading)).flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  return loaded.filter(({ driver, state }) => hasSsh(() => driver.access(state).shell?.kind));
}

/** False also for a state that its driver cannot read. */
function hasSsh(kind: () => string | undefined): boolean {
  try {
    return kind() === "ssh";
  } catch (error) {
    if (isMachineError(error)) return false;
    throw error;
  }
}

/** Has the user's ssh know all machines of the store, now and in time to come: see {@link refreshSshConfig}. */
export async function installSshConfig(session: Session): Promise<void> {
  const { sshConfig } = session.store.paths;
  await session.store.lockNamed("ssh-config", async () => {
    await removeLeftovers(session.store.root);
    await replaceFile(sshConfig, await sshConfigOf(session));
    await addInclude(userConfig(session), sshConfig);
  });
}

export async function uninstallSshConfig(session: Session): Promise<void> {
  const { sshConfig } = session.store.paths;
  await session.store.lockNamed("ssh-config", async () => {
    await removeInclude(userConfig(session), sshConfig);
    await rm(sshConfig, { force: true }).catch((error: unknown) => {
      throw fileFailure(`${sshConfig} cannot be removed`, error);
    });
  });
}

/** Whether the user's ssh knows the machines of the store. */
export function isSshConfigInstalled(session: Session): boolean {
  const { sshConfig } = session.store.paths;
  return existsSync(sshConfig) && hasInclude(userConfig(session), sshConfig);
}

/**
 * Brings the file that the user's ssh includes up to date, where it is installed: a machine has come, gone or got another
 * address. A failure is told and fails nothing, since the machine is as it should be.
 */
export async function refreshSshConfig(session: Session): Promise<void> {
  const { sshConfig } = session.store.paths;
  if (!existsSync(sshConfig)) return;
  try {
    await session.store.lockNamed("ssh-config", async () => {
      const text = await configOf(session, (await allHosts(session)).map(opensshHost));
      if (text !== (await readFile(sshConfig, "utf8"))) await replaceFile(sshConfig, text);
    });
  } catch (error) {
    session.tell(`${sshConfig} is not up to date: ${messageOf(error)}; machine ssh-config --install mends it`);
  }
}

function userConfig({ env }: Session): string {
  return join(homeOf(env), ".ssh", "config");
}
