import { handshake, readCredentials } from "../../docker/connection.js";
import { isMachineError, MachineError, withMachineName, whileDoing } from "../../driver/index.js";
import { warnOfExpiry } from "../clients/cert-expiry.js";
import { clientUrl } from "../clients/url.js";
import type { Host } from "../host/host.js";
import { inspect } from "./inspect.js";
import type { Session } from "../session/session.js";

export interface Endpoint {
  /** See {@link clientUrl}. */
  readonly url: string;
  /** The machine's own address or name. */
  readonly address: string;
  /** The client needs the certificates of the machine's directory. */
  readonly hasTls: boolean;
}

/**
 * The machine's endpoint, once it has been seen that a client can use it. Only when that fails is the driver asked why, and
 * whether the machine is somewhere else by now.
 * @param doing what docker-machine's message begins with
 */
export async function checkEndpoint(session: Session, host: Host, doing: string): Promise<Endpoint> {
  const isOverSsh = host.transport === "ssh";
  const now = await whereItAnswers(session, host, doing, isOverSsh ? checkSsh : checkTls);
  const url = await clientUrl(session, now);
  if (isOverSsh) return { url, address: now.state.IPAddress, hasTls: false };
  const address = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
  return { url, address, hasTls: true };
}

type EndpointCheck = (session: Session, host: Host, doing: string) => Promise<void>;

/** @throws what `check` says of the machine, or docker-machine's words for one that does not run */
async function whereItAnswers(session: Session, host: Host, doing: string, check: EndpointCheck): Promise<Host> {
  try {
    await check(session, host, doing);
    return host;
  } catch (error) {
    if (!isMachineError(error)) throw error;
    const { status, host: now } = await inspect(session, host, { lock: "try" });
    if (status !== "running") throw new MachineError("failed", `${doing}: Host is not running`, { cause: error });
    if (now === host) throw error;
    await check(session, now, doing);
    return now;
  }
}

async function checkTls(session: Session, host: Host, doing: string): Promise<void> {
  const { docker: url, shell } = host.driver.access(host.state);
  if (shell === undefined) return;
  try {
    await handshake(url, readCredentials(host.dir), { signal: session.signal });
  } catch (failure) {
    const error = withMachineName(host.name, failure);
    if (!isMachineError(error)) throw error;
    throw error.with({
      message:
        `${doing}: Error checking and/or regenerating the certs: There was an error validating certificates for host ` +
        `"${new URL(url).host}": ${error.message}\n` +
        "You can attempt to regenerate them using 'docker-machine regenerate-certs [name]'.\n" +
        "Be advised that this will trigger a Docker daemon restart which might stop running containers.\n",
    });
  }
  warnOfExpiry(session, host);
}

async function checkSsh(session: Session, host: Host, doing: string): Promise<void> {
  const [{ askOverSsh }, { isSshConfigInstalled }] = await Promise.all([
    import("../clients/engine-version.js"),
    import("../clients/ssh-config.js"),
  ]);
  try {
    await askOverSsh(session, host);
  } catch (failure) {
    throw whileDoing(doing, withMachineName(host.name, failure));
  }
  if (isSshConfigInstalled(session)) return;
  session.tell(
    `docker reaches ${host.name} by your own ssh, which does not know its keys yet: machine ssh-config --install`,
  );
}
