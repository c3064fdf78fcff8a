import type { MachineConfig } from "../../store/config.js";
import type { AuthorityContext, CertPaths } from "../../tls/authority.js";
import type { Session } from "../session/session.js";

/** What making certificates takes from the session. */
export function authorityContext({ certs, store, user, tell }: Session): AuthorityContext {
  const { ca, caKey, cert, key } = certs;
  return {
    lock: (name, work) => store.lockNamed(name, work),
    now: Date.now(),
    user,
    named: [ca, caKey, cert, key],
    notice: tell,
  };
}

/**
 * The CA and the client certificate that a machine was made with: docker-machine's `--tls-*` may have named others.
 * Its CertDir is not asked: what may be replaced are the files of this store.
 */
export function certPaths(
  { HostOptions }: Pick<MachineConfig, "HostOptions">,
  { certs }: Pick<Session, "certs">,
): CertPaths {
  const { CaCertPath, CaPrivateKeyPath, ClientCertPath, ClientKeyPath } = HostOptions.AuthOptions;
  return { dir: certs.dir, ca: CaCertPath, caKey: CaPrivateKeyPath, cert: ClientCertPath, key: ClientKeyPath };
}
