import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { MachineConfig } from "../../src/store/config.js";
import { encodeJson } from "../../src/store/json.js";
import {
  makeAuthority,
  makeClientCertificate,
  makeServerCertificate,
  type Identity,
} from "../../src/tls/certificate.js";
import { fixtureIn, putConfig } from "../store/support.js";
import { temporaryHome, type Ran } from "../support/cli.js";

export type Home = Awaited<ReturnType<typeof temporaryHome>>;

export const day = 24 * 3_600_000;

/** A home that goes with the test. */
export async function newHome(): Promise<Home> {
  const home = await temporaryHome();
  onTestFinished(() => home.remove());
  return home;
}

/** Creates machines of the driver none, at whose URL nobody listens. */
export async function createNone(home: Home, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { code, stderr } = await home.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", name]);
    if (code !== 0) throw new Error(stderr);
  }
}

/** The fixture of a machine as docker-machine 0.16 writes it, here on ports of 127.0.0.1; by default nobody listens. */
export async function putGeneric(
  home: Home,
  name: string,
  port = 1,
  change: (config: MachineConfig) => object = (config) => config,
): Promise<string> {
  const text = (await fixtureIn(home.store, "config-generic")).replaceAll("machines/h2", `machines/${name}`);
  const config = JSON.parse(text) as MachineConfig;
  const driver = { ...config.Driver, MachineName: name, IPAddress: "127.0.0.1", SSHPort: 1, EnginePort: port };
  await putConfig(home.store, name, encodeJson(change({ ...config, Name: name, Driver: driver })));
  return join(home.store, "machines", name);
}

/** Something that speaks for an engine, and the authority that it trusts. */
export interface Engine {
  readonly port: number;
  readonly url: string;
  readonly ca: Identity;
}

const version = JSON.stringify({ Version: "29.1.0", ApiVersion: "1.52", MinAPIVersion: "1.44" });

/** A TLS server that answers /version like an engine. @param at when its certificate was made */
export async function startEngine({
  names = ["127.0.0.1"],
  at = Date.now(),
}: { readonly names?: readonly string[]; readonly at?: number } = {}): Promise<Engine> {
  const ca = await makeAuthority({ user: "ann", now: Date.now() });
  const own = await makeServerCertificate(ca, { user: "ann", machine: "web", names, now: at });
  const answer: RequestListener = ({ url }, response) => response.end(url === "/version" ? version : "OK");
  const options = { ...own, ca: ca.cert, requestCert: true, rejectUnauthorized: true };
  return { ca, ...(await listening(createTlsServer(options, answer))) };
}

/** Takes connections and never says a word. */
export async function startSilence(): Promise<{ readonly port: number; readonly url: string }> {
  return listening(createServer());
}

/** Goes with the test, and so do its connections. */
export async function listening(server: Server): Promise<{ readonly port: number; readonly url: string }> {
  server.on("connection", (socket) => {
    socket.on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { port, url: `tcp://127.0.0.1:${String(port)}` };
}

/** Puts ca.pem, cert.pem and key.pem of a client into a machine's directory. @param at when they were made */
export async function putCertificates(dir: string, ca: Identity, at = Date.now()): Promise<void> {
  const client = await makeClientCertificate(ca, { user: "ann", now: at });
  const files = { "ca.pem": ca.cert, "cert.pem": client.cert, "key.pem": client.key };
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
}

/** A machine whose engine answers. */
export async function putRunning(home: Home, name: string): Promise<Engine> {
  const engine = await startEngine();
  await putCertificates(await putGeneric(home, name, engine.port), engine.ca);
  return engine;
}

/** Everything below a directory: names, bytes and when they were changed. */
export async function contentsOf(dir: string): Promise<readonly unknown[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  const described = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs } = await stat(path);
    return [path, mtimeMs, entry.isFile() ? await readFile(path, "utf8") : null] as const;
  });
  return (await Promise.all(described)).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The lines of the standard output. */
export function linesOf({ stdout }: Pick<Ran, "stdout">): readonly string[] {
  return stdout.split("\n").slice(0, -1);
}
