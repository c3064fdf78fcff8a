import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFiles } from "../../store/file.js";
import { issueServerCertificate, issueWithOwnAuthority, readIfThere } from "../../tls/authority.js";
import { belongsTo, serverCertificateIsGood } from "../../tls/describe.js";
import { certPaths } from "../clients/cert-paths.js";
import type { Host } from "../host/host.js";
import type { Session } from "../session/session.js";

/** What a machine's engine is given, PEM texts each. */
export interface ServerCertificate {
  /** The authority of the engine's clients. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The authority by which clients know the engine: ca.pem of the machine's directory. */
  readonly authority: string;
  /** It is not in the machine's directory yet. */
  readonly isNew: boolean;
}

/**
 * The machine's own certificate while it is good, else a new one. Machines behind ports of this computer share its
 * address, so each of them has an authority of its own: none can stand in for another.
 * @param renew makes a new one in any case
 */
export async function serverCertificate(session: Session, host: Host, renew: boolean): Promise<ServerCertificate> {
  const { name, dir, config, driver, state } = host;
  const certs = certPaths(config, session);
  const ca = await readFile(certs.ca, "utf8");
  const sharesAddress = driver.access(state).enginePort !== undefined;
  const [authority, cert, key] = await Promise.all([
    sharesAddress ? readIfThere(join(dir, "ca.pem")) : ca,
    readIfThere(join(dir, "server.pem")),
    readIfThere(join(dir, "server-key.pem")),
  ]);
  const names = serverNames(host);
  const now = Date.now();
  const isOwn = !sharesAddress || authority !== ca;
  if (!renew && isOwn && authority !== undefined && cert !== undefined && key !== undefined) {
    if (serverCertificateIsGood(cert, authority, names, now) && belongsTo(cert, key)) {
      return { ca, cert, key, authority, isNew: false };
    }
  }
  const issue = sharesAddress ? issueWithOwnAuthority : issueServerCertificate;
  return { ...(await issue(certs, { machine: name, user: session.user, names, now })), isNew: true };
}

/** Keeps it in the machine's directory once the engine has it. */
export async function keepServerCertificate({ dir }: Host, { isNew, cert, key }: ServerCertificate): Promise<void> {
  if (!isNew) return;
  await replaceFiles([
    { path: join(dir, "server.pem"), content: cert, mode: 0o644 },
    { path: join(dir, "server-key.pem"), content: key },
  ]);
}

/**
 * What this side knows the machine by. What the host says of itself is not among it: the authority would vouch for any
 * name that a host claims, and so for one host in another's place.
 */
function serverNames({ name, config, driver, state }: Host): string[] {
  const { docker, peer } = driver.access(state);
  const ofUrl = /^tcp:\/\/(\[[^\]]+\]|[^:/]+)/.exec(docker)?.[1] ?? "";
  const asked = config.HostOptions.AuthOptions.ServerCertSANs ?? [];
  return [name, ofUrl, state.IPAddress, peer?.address ?? "", ...asked].filter((one) => one !== "");
}
