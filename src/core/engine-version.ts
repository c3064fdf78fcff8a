import { readCredentialFiles, readCredentials, type CallOptions } from "../docker/connection.js";
import { engineVersion } from "../docker/engine.js";
import type { Driver } from "../driver/index.js";
import type { StoredMachine } from "../store/store.js";
import { certPaths } from "./certificates.js";

/**
 * Asks the machine's engine. One that somebody else looks after (its machine has no shell) may be without TLS: it is
 * asked with the store's client certificate first, then plainly.
 * @throws MachineError `unreachable` or `untrusted`, with the reason
 */
export async function askVersion(
  stored: StoredMachine,
  driver: Driver,
  options: Pick<CallOptions, "signal" | "contexts">,
): Promise<string> {
  const { docker: url, shell } = driver.access(stored.config.Driver);
  const ask = async (credentials: Parameters<typeof engineVersion>[1]): Promise<string> =>
    (await engineVersion(url, credentials, options)).version;
  if (shell !== undefined) return ask(readCredentials(stored.dir));
  try {
    return await ask(readCredentialFiles(certPaths(stored.config)));
  } catch {
    return ask(undefined);
  }
}
