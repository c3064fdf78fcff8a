import { join } from "node:path";
import type { CertPaths } from "../../src/tls/authority.js";

/** The paths of docker-machine's layout. */
export function pathsIn(dir: string): CertPaths {
  const at = (name: string) => join(dir, name);
  return { dir, ca: at("ca.pem"), caKey: at("ca-key.pem"), cert: at("cert.pem"), key: at("key.pem") };
}
