import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DriverState } from "../../src/driver/index.js";
import { newConfig } from "../../src/store/config.js";
import { openStore } from "../../src/store/store.js";
import { ensureAuthority, installClientCertificate, issueServerCertificate } from "../../src/tls/authority.js";
import type { Ports } from "./simulated-host.js";
import type { Bench } from "./surroundings.js";

/** Machines of the driver generic, all alive. Several stores may hold them. */
export interface LiveMachines {
  readonly names: readonly string[];
  /** Makes a store that has them, with the certificates that open their engines. */
  readonly fill: (root: string) => Promise<void>;
}

/** Their engines are simulated, in one other process, but for TLS; one certificate serves all. */
export async function liveMachines(bench: Bench, count: number): Promise<LiveMachines> {
  const folder = await bench.folder();
  const certs = {
    dir: folder,
    ca: join(folder, "ca.pem"),
    caKey: join(folder, "ca-key.pem"),
    cert: join(folder, "cert.pem"),
    key: join(folder, "key.pem"),
  };
  const now = Date.now();
  await ensureAuthority(certs, { now, user: "ann", lock: (_, work) => work(), named: [], notice: () => undefined });
  const server = await issueServerCertificate(certs, { machine: "live", user: "ann", names: ["127.0.0.1"], now });
  await writeFile(join(folder, "server.pem"), server.cert);
  await writeFile(join(folder, "server-key.pem"), server.key, { mode: 0o600 });
  const hosts = await bench.simulated(count, { certs: folder });
  const key = await bench.key();
  const names = hosts.map((_, index) => `live-${String(index)}`);

  const fill = async (root: string): Promise<void> => {
    const store = openStore(root, { command: "bench" });
    await mkdir(store.paths.certs.dir, { recursive: true, mode: 0o700 });
    for (const [index, name] of names.entries()) {
      const dir = store.dir(name);
      const { ca, caKey, cert, key: clientKey } = certs;
      const tls = { CaCertPath: ca, CaPrivateKeyPath: caKey, ClientCertPath: cert, ClientKeyPath: clientKey };
      const driver = stateOf(name, root, key, hosts[index]);
      const config = newConfig({ name, root, driverName: "generic", driver, tls });
      await store.claim(name, config, { phase: "provision", done: [], settings: {} });
      await store.removeJournal(name);
      await installClientCertificate(certs, dir);
      await writeFile(join(dir, "server.pem"), server.cert);
      await writeFile(join(dir, "server-key.pem"), server.key, { mode: 0o600 });
    }
  };
  return { names, fill };
}

function stateOf(name: string, root: string, key: string, ports: Ports | undefined): DriverState {
  return {
    ...{ IPAddress: "127.0.0.1", MachineName: name, SSHUser: "root", SSHPort: ports?.ssh ?? 0, SSHKeyPath: key },
    ...{ StorePath: root, SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" },
    ...{ EnginePort: ports?.engine ?? 0, SSHKey: key },
  };
}
