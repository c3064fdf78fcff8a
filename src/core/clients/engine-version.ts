import { withMachineName, whileDoing } from "../../driver/index.js";
import { readCredentialFiles, readCredentials, type CallOptions } from "../../docker/connection.js";
import { engineVersion } from "../../docker/engine.js";
import { versionOverSsh } from "../../docker/over-ssh.js";
import { certPaths } from "./cert-paths.js";
import { sshTargetOf, type Host } from "../host/host.js";
import { openSsh } from "../session/io.js";
import type { Session } from "../session/session.js";

/**
 * Asks the machine's engine the way that docker clients take. One that somebody else looks after (its machine has no
 * shell) may be without TLS: it is asked with the store's client certificate first, then plainly.
 * @throws MachineError `unreachable` or `untrusted`, with the reason
 */
export async function askVersion(session: Session, host: Host, contexts?: CallOptions["contexts"]): Promise<string> {
  const { dir, config, transport, driver, state } = host;
  if (transport === "ssh") return askOverSsh(session, host);
  const { docker: url, shell } = driver.access(state);
  const options = { signal: session.signal, contexts };
  const ask = async (credentials: Parameters<typeof engineVersion>[1]): Promise<string> =>
    (await engineVersion(url, credentials, options)).version;
  if (shell !== undefined) return ask(readCredentials(dir));
  try {
    return await ask(readCredentialFiles(certPaths(config, session)));
  } catch {
    return ask(undefined);
  }
}

/** By a connection of its own: whoever was put into the group of the engine's users a moment ago is so in a new one only. */
export async function askOverSsh(session: Session, host: Host): Promise<string> {
  const shell = await openSsh(session, host.name, sshTargetOf(host));
  return versionOverSsh(shell).catch((error: unknown) => {
    throw withMachineName(host.name, whileDoing(host.name, error));
  });
}
