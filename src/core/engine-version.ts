import { readFile } from "node:fs/promises";
import { readCredentials } from "../docker/connection.js";
import { engineVersion } from "../docker/engine.js";
import type { Driver } from "../driver/index.js";
import type { StoredMachine } from "../store/store.js";
import { certPaths } from "./certificates.js";
import type { Session } from "./session.js";

/**
 * Asks the machine's engine. One that somebody else looks after (its machine has no shell) may be without TLS: it is
 * asked with the store's client certificate first, then plainly.
 * @throws MachineError `unreachable` or `untrusted`, with the reason
 */
export async function askVersion({ signal }: Session, stored: StoredMachine, driver: Driver): Promise<string> {
  const { docker: url, shell } = driver.access(stored.config.Driver);
  const ask = async (credentials: Parameters<typeof engineVersion>[1]): Promise<string> =>
    (await engineVersion(url, credentials, { signal })).version;
  if (shell !== undefined) return ask(await readCredentials(stored.dir));
  try {
    const { ca, cert, key } = certPaths(stored.config);
    const [caText, certText, keyText] = await Promise.all([ca, cert, key].map((path) => readFile(path, "utf8")));
    return await ask({ ca: caText ?? "", cert: certText ?? "", key: keyText ?? "" });
  } catch {
    return ask(undefined);
  }
}
