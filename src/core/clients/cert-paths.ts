import type { MachineConfig } from "../../store/config.js";
import type { AuthorityContext, CertPaths } from "../../tls/authority.js";
import type { Session } from "../session/session.js";

/** What making certificates takes from the session. */
export function authorityContext({ store, user, tell }: Session): AuthorityContext {
  return { lock: (name, work) => store.lockNamed(name, work), now: Date.now(), user, notice: tell };
}

/** The CA and the client certificate that a machine was made with: docker-machine's `--tls-*` may have named others. */
export function certPaths({ HostOptions }: Pick<MachineConfig, "HostOptions">): CertPaths {
  const { CertDir, CaCertPath, CaPrivateKeyPath, ClientCertPath, ClientKeyPath } = HostOptions.AuthOptions;
  return { dir: CertDir, ca: CaCertPath, caKey: CaPrivateKeyPath, cert: ClientCertPath, key: ClientKeyPath };
}
