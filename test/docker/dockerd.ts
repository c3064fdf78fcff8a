import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";

/** Where Debian, other packages and nobody put daemons. */
const PATH = `${env["PATH"] ?? ""}:/usr/sbin:/sbin`;

/**
 * Starts a real engine, with everything of its own, that wants client certificates on a port of 127.0.0.1.
 * @param files PEM texts of the authority, the server certificate and its key
 */
export async function startDockerd(files: {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}): Promise<{ readonly url: string; readonly port: number; readonly stop: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "machine-dockerd-"));
  const at = (name: string) => join(dir, name);
  for (const [name, text] of Object.entries(files)) await writeFile(at(`${name}.pem`), text, { mode: 0o600 });
  await writeFile(at("daemon.json"), "{}");
  const port = await freePort();
  const url = `tcp://127.0.0.1:${String(port)}`;
  const own = [
    "--config-file",
    at("daemon.json"),
    "--data-root",
    at("data"),
    "--exec-root",
    at("exec"),
    "--pidfile",
    at("pid"),
  ];
  const tls = ["--tlsverify", "--tlscacert", at("ca.pem"), "--tlscert", at("cert.pem"), "--tlskey", at("key.pem")];
  const net = ["--bridge=none", "--iptables=false", "--storage-driver=vfs"];
  const child = spawn("dockerd", ["-H", url, "-H", `unix://${at("sock")}`, ...own, ...tls, ...net], {
    env: { PATH },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exit = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await exit;
    await rm(dir, { recursive: true, force: true });
  };
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const listens = new Promise<void>((resolve) => {
    child.stderr.on("data", () => {
      if (log.includes(`API listen on 127.0.0.1:${String(port)}`)) resolve();
    });
  });
  await Promise.race([listens, exit]);
  if (child.exitCode === null) return { url, port, stop };
  await stop();
  throw new Error(`dockerd did not start:\n${log}`);
}

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
