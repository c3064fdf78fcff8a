import { handshake, readCredentials } from "../docker/connection.js";
import { isMachineError, MachineError } from "../driver/index.js";
import { warnOfExpiry } from "./expiry.js";
import { named, sshTargetOf, type Host } from "./host.js";
import type { Session } from "./session.js";

/**
 * The address that a docker client is given for the machine: what DOCKER_HOST and contexts say. Over ssh that is
 * `ssh://NAME` where the user's ssh knows the machine by its name, or could not do without since others stand between.
 */
export async function clientUrl(session: Session, machine: Omit<Host, "io">): Promise<string> {
  if (machine.transport !== "ssh") return machine.driver.access(machine.machine.state).docker;
  const { host, port, user, jump, proxy } = sshTargetOf(machine);
  const { isSshConfigInstalled } = await import("./ssh-config.js");
  if (jump !== undefined || proxy !== undefined || isSshConfigInstalled(session)) return `ssh://${machine.name}`;
  const bare = host.replace(/^\[|\]$/g, "");
  return `ssh://${encodeURIComponent(user)}@${bare.includes(":") ? `[${bare}]` : bare}:${String(port)}`;
}

export interface Endpoint {
  /** See {@link clientUrl}. */
  readonly url: string;
  /** The machine's own address or name. */
  readonly address: string;
  /** The client needs the certificates of the machine's directory. */
  readonly hasTls: boolean;
}

/**
 * The machine's endpoint, once it has been seen that a client can use it. Only when that fails is the driver asked why.
 * @param doing what docker-machine's message begins with
 */
export async function checkEndpoint(session: Session, host: Host, doing: string): Promise<Endpoint> {
  const { driver, machine } = host;
  const url = await clientUrl(session, host);
  if (host.transport === "ssh") {
    await checkSsh(session, host, doing);
    return { url, address: machine.state.IPAddress, hasTls: false };
  }
  const { hostname, host: authority } = new URL(url);
  const endpoint = { url, address: hostname.replace(/^\[|\]$/g, ""), hasTls: true };
  if (driver.access(machine.state).shell !== undefined) await checkTls(session, host, doing, authority);
  return endpoint;
}

async function checkTls(session: Session, host: Host, doing: string, authority: string): Promise<void> {
  try {
    await handshake(host.driver.access(host.machine.state).docker, readCredentials(host.dir), {
      signal: session.signal,
    });
  } catch (failure) {
    const error = await whyNot(host, doing, failure);
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
}

async function checkSsh(session: Session, host: Host, doing: string): Promise<void> {
  const [{ askOverSsh }, { isSshConfigInstalled }] = await Promise.all([
    import("./engine-version.js"),
    import("./ssh-config.js"),
  ]);
  try {
    await askOverSsh(session, host);
  } catch (failure) {
    const { code, message, hint, output, cause } = await whyNot(host, doing, failure);
    throw new MachineError(code, `${doing}: ${message}`, { hint, output, cause });
  }
  if (isSshConfigInstalled(session)) return;
  session.tell(
    `docker reaches ${host.name} by your own ssh, which does not know its keys yet: machine ssh-config --install`,
  );
}

/** @throws what is no MachineError, and docker-machine's words for a machine that does not run */
async function whyNot(host: Host, doing: string, failure: unknown): Promise<MachineError> {
  const error = named(host.name, failure);
  if (!isMachineError(error)) throw error;
  const { status } = await host.driver.inspect(host.machine, host.io);
  if (status === "running") return error;
  throw new MachineError("failed", `${doing}: Host is not running`, { cause: error });
}
