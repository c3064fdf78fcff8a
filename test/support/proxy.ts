import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { makeAuthority, makeServerCertificate } from "../../src/tls/certificate.js";

export interface Proxy {
  readonly url: string;
  /** What it was asked for: `CONNECT host:port`, or `GET http://...`. */
  readonly asked: string[];
}

/** A forward proxy that hands everything to one server of this computer, whatever it is asked for. */
export async function startProxy(port: number): Promise<Proxy> {
  const asked: string[] = [];
  const server = createServer((question, answer) => {
    asked.push(`${question.method ?? ""} ${question.url ?? ""}`);
    const target = connect(port, "127.0.0.1", () => {
      const { pathname, search } = new URL(question.url ?? "");
      const headers = Object.entries({ ...question.headers, connection: "close" });
      target.write(`${question.method ?? ""} ${pathname}${search} HTTP/1.1\r\n`);
      target.write(`${headers.map(([name, value]) => `${name}: ${String(value)}\r\n`).join("")}\r\n`);
      question.pipe(target);
      if (answer.socket !== null) target.pipe(answer.socket);
    });
  });
  server.on("connect", ({ url }, socket) => {
    asked.push(`CONNECT ${url ?? ""}`);
    const target = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connected\r\n\r\n");
      socket.pipe(target).pipe(socket);
    });
    for (const end of [socket, target]) end.on("error", () => end.destroy());
  });
  return { url: `http://127.0.0.1:${String(await listening(server))}`, asked };
}

/** A server by TLS for names that are not this computer's, and a file with the authority that vouches for it. */
export async function startTls(
  names: readonly string[],
  answer: RequestListener,
): Promise<{ readonly port: number; readonly caFile: string }> {
  const now = Date.now();
  const ca = await makeAuthority({ user: "ann", now });
  const server = createTlsServer(await makeServerCertificate(ca, { user: "ann", machine: "it", names, now }), answer);
  const folder = await mkdtemp(join(tmpdir(), "machine-tls-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, ca.cert);
  return { port: await listening(server), caFile };
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
