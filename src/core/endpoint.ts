import { handshake, readCredentials } from "../docker/connection.js";
import { isMachineError, MachineError } from "../driver/index.js";
import { warnOfExpiry } from "./expiry.js";
import { named, type Host } from "./host.js";
import type { Session } from "./session.js";

/**
 * The engine's URL, and its host alone, once a TLS handshake has shown that a client can use them.
 * Only when that fails is the driver asked why.
 * @param doing what docker-machine's message begins with
 */
export async function checkEndpoint(
  session: Session,
  host: Host,
  doing: string,
): Promise<{ readonly url: string; readonly address: string }> {
  const url = host.driver.access(host.machine.state).docker;
  const { hostname, host: authority } = new URL(url);
  const address = hostname.replace(/^\[|\]$/g, "");
  if (host.driver.access(host.machine.state).shell === undefined) return { url, address };
  try {
    await handshake(url, readCredentials(host.dir), { signal: session.signal });
  } catch (failure) {
    const error = named(host.name, failure);
    if (!isMachineError(error)) throw error;
    const { status } = await host.driver.inspect(host.machine, host.io);
    if (status !== "running") throw new MachineError("failed", `${doing}: Host is not running`, { cause: error });
    throw new MachineError(
      error.code,
      `${doing}: Error checking and/or regenerating the certs: There was an error validating certificates for host ` +
        `"${authority}": ${error.message}\n` +
        "You can attempt to regenerate them using 'docker-machine regenerate-certs [name]'.\n" +
        "Be advised that this will trigger a Docker daemon restart which might stop running containers.\n",
      { hint: error.hint, cause: error },
    );
  }
  warnOfExpiry(session, host);
  return { url, address };
}
