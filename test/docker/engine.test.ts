import { once } from "node:events";
import { writeFile, mkdtemp, rm } from "node:fs/promises";
import { createServer as createPlainServer, type RequestListener } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { connect as connectTo, createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { handshake, readCredentials, type Credentials } from "../../src/docker/connection.js";
import { engineVersion, proveTls } from "../../src/docker/engine.js";
import {
  makeAuthority,
  makeClientCertificate,
  makeServerCertificate,
  type Identity,
} from "../../src/tls/certificate.js";
import { finish } from "../support/command.js";
import { authorityOfDockerMachine } from "../tls/support.js";
import { freePort, startDockerd } from "./dockerd.js";

const now = Date.now();
const day = 24 * 3_600_000;

async function clientOf(ca: Identity, at = now): Promise<Credentials> {
  return { ca: ca.cert, ...(await makeClientCertificate(ca, { user: "ann", now: at })) };
}

async function serverOf(ca: Identity, names: readonly string[] = ["127.0.0.1"], at = now): Promise<Credentials> {
  return { ca: ca.cert, ...(await makeServerCertificate(ca, { user: "ann", machine: "n1", names, now: at })) };
}

/** What a call fails with; an error of the test when it does not. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => expect.unreachable(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

const matching = (pattern: RegExp) => expect.stringMatching(pattern) as string;

describe.each([
  ["our authority", () => makeAuthority({ user: "ann", now })],
  ["an authority of docker-machine", () => authorityOfDockerMachine()],
])("a real engine with a certificate of %s", (_, authority) => {
  let engine: Awaited<ReturnType<typeof startDockerd>>;
  let dir: string;
  let ours: Credentials;
  let foreign: Credentials;

  beforeAll(async () => {
    const ca = await authority();
    ours = await clientOf(ca);
    foreign = { ...(await clientOf(await makeAuthority({ user: "mallory", now }))), ca: ca.cert };
    engine = await startDockerd(await serverOf(ca));
    dir = await mkdtemp(join(tmpdir(), "machine-client-"));
  });

  afterAll(async () => {
    await rm(dir, { recursive: true });
    await engine.stop();
  });

  /** The real docker client, with a certificate directory as `machine env` names one. */
  async function docker(credentials: Partial<Credentials>) {
    const files = Object.entries(credentials);
    for (const [name, text] of files) await writeFile(join(dir, `${name}.pem`), text);
    const flags = files.map(([name]) => `--tls${name === "ca" ? "cacert" : name}=${join(dir, `${name}.pem`)}`);
    const args = ["-H", engine.url, "--tlsverify", ...flags, "version", "--format", "{{.Server.Version}}"];
    return finish("docker", args, { env: { PATH: env["PATH"], HOME: dir } });
  }

  it("lets our client in and tells its version", async () => {
    await handshake(engine.url, ours);
    const { version, apiVersion } = await engineVersion(engine.url, ours);
    expect(version).toMatch(/^\d+\.\d+/);
    expect(apiVersion).toMatch(/^1\.\d+$/);
  });

  it("lets the docker client in with our files, and refuses it with foreign ones", async () => {
    const { version } = await engineVersion(engine.url, ours);
    expect(await docker(ours)).toMatchObject({ code: 0, stdout: `${version}\n` });
    expect(await docker(foreign)).toMatchObject({ code: 1, stderr: matching(/certificate|tls/) });
    expect(await docker({ ca: ours.ca })).toMatchObject({ code: 1 });
  });

  it("passes all proofs", async () => {
    await proveTls(engine.url, ours, foreign);
  });

  it("fails the proofs for a client that it does not know", async () => {
    expect(await failureOf(proveTls(engine.url, foreign, ours))).toMatchObject({
      message: matching(/refuses the client|closed the connection/),
    });
  });

  it("refuses a client certificate that has expired", async () => {
    const ca = await makeAuthority({ user: "ann", now });
    const expired = { ...(await clientOf(ca, now - 400 * day)), ca: ours.ca };
    expect(await failureOf(engineVersion(engine.url, expired))).toMatchObject({
      message: matching(/refuses the client|closed the connection/),
      hint: matching(/regenerate-certs/),
    });
  });

  it("is not taken for ours by a client of another authority", async () => {
    const stranger = await clientOf(await makeAuthority({ user: "ann", now }));
    for (const call of [handshake, engineVersion]) {
      expect(await failureOf(call(engine.url, stranger))).toMatchObject({
        code: "untrusted",
        message: `the certificate of 127.0.0.1:${String(engine.port)} is signed by an unknown authority`,
      });
    }
  });
});

describe("the proofs", () => {
  const opened: RequestListener = (_, response) => response.end("OK");
  let ca: Identity;
  let ours: Credentials;
  let foreign: Credentials;
  beforeAll(async () => {
    ca = await makeAuthority({ user: "ann", now });
    ours = await clientOf(ca);
    foreign = await clientOf(await makeAuthority({ user: "mallory", now }));
  });
  const tlsServer = async (options: ServerOptions, listener = opened) =>
    listening(createTlsServer({ ...(await serverOf(ca)), ...options }, listener));

  it("fail for an engine on plain TCP", async () => {
    const { url, address } = await listening(createPlainServer(opened));
    expect(await failureOf(proveTls(url, ours, foreign))).toMatchObject({
      code: "untrusted",
      message: `${address} does not speak TLS`,
    });
  });

  it("fail for an engine that wants no client certificate", async () => {
    const { url, address } = await tlsServer({});
    expect(await failureOf(proveTls(url, ours, foreign))).toMatchObject({
      code: "untrusted",
      message: `${address} lets in a client without a certificate: whoever reaches it controls the machine`,
    });
  });

  it("fail for an engine that takes any client certificate", async () => {
    const { url, address } = await tlsServer({ requestCert: true, rejectUnauthorized: false }, (request, response) => {
      const { socket } = request;
      if (socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined) response.end("OK");
      else socket.destroy();
    });
    expect(await failureOf(proveTls(url, ours, foreign))).toMatchObject({
      code: "untrusted",
      message: `${address} lets in a client with a foreign certificate: whoever reaches it controls the machine`,
    });
  });

  it("fail for an engine that answers TLS and plain HTTP on one port", async () => {
    const tls = await tlsServer({ requestCert: true, rejectUnauthorized: true });
    const plain = await listening(createPlainServer(opened));
    const { url, address } = await listening(byFirstByte(tls.port, plain.port));
    expect(await failureOf(proveTls(url, ours, foreign))).toMatchObject({
      code: "untrusted",
      message: `${address} lets in anyone by plain HTTP: whoever reaches it controls the machine`,
    });
  });

  it("pass for a server that answers plain HTTP with a TLS alert", async () => {
    const { url } = await tlsServer({ requestCert: true, rejectUnauthorized: true });
    await proveTls(url, ours, foreign);
  });

  it("fail when nobody answers the client without a certificate", async () => {
    const { url, address } = await tlsServer({ requestCert: true, rejectUnauthorized: false }, (request, response) => {
      const { socket } = request;
      if (socket instanceof TLSSocket && socket.authorized) response.end("OK");
    });
    expect(await failureOf(proveTls(url, ours, foreign, { timeout: 500 }))).toMatchObject({
      code: "unreachable",
      message: `${address}: no answer within 0.5 s`,
    });
  });

  it("fail for an engine that is ill", async () => {
    const { url, address } = await tlsServer({}, (_, response) => response.writeHead(500).end());
    expect(await failureOf(proveTls(url, ours, foreign))).toMatchObject({
      message: `${address} answers a ping with HTTP 500`,
    });
  });
});

describe("a handshake", () => {
  let ca: Identity;
  let ours: Credentials;
  beforeAll(async () => {
    ca = await makeAuthority({ user: "ann", now });
    ours = await clientOf(ca);
  });
  const server = async (credentials: Credentials) =>
    listening(createTlsServer({ ...credentials, requestCert: true, rejectUnauthorized: true }));

  it("succeeds by address and by name", async () => {
    const { url, port } = await server(await serverOf(ca, ["127.0.0.1", "localhost"]));
    await handshake(url, ours);
    await handshake(`tcp://localhost:${String(port)}`, ours);
  });

  it("succeeds over IPv6", async () => {
    const { port } = await listening(createTlsServer(await serverOf(ca, ["::1"])), "::1");
    await handshake(`tcp://[::1]:${String(port)}`, ours);
  });

  it("fails where nobody listens", async () => {
    const port = await freePort();
    expect(await failureOf(handshake(`tcp://127.0.0.1:${String(port)}`, ours))).toMatchObject({
      code: "unreachable",
      message: `127.0.0.1:${String(port)}: connection refused`,
    });
  });

  it("fails where the name has no address", async () => {
    expect(await failureOf(handshake("tcp://nowhere.invalid:2376", ours))).toMatchObject({
      code: "unreachable",
      message: "nowhere.invalid:2376: the name has no address",
    });
  });

  it("fails when nobody answers in time", async () => {
    const { url, address } = await listening(createTcpServer());
    expect(await failureOf(handshake(url, ours, { timeout: 200 }))).toMatchObject({
      code: "unreachable",
      message: `${address}: no answer within 0.2 s`,
    });
  });

  it("ends when it is interrupted, also beforehand", async () => {
    const { url } = await listening(createTcpServer());
    const controller = new AbortController();
    const call = failureOf(handshake(url, ours, { signal: controller.signal }));
    controller.abort();
    expect(await call).toMatchObject({ code: "interrupted" });
    expect(await failureOf(handshake(url, ours, { signal: AbortSignal.abort() }))).toMatchObject({
      code: "interrupted",
    });
  });

  it("fails where the certificate is for other names, and tells them", async () => {
    const { url, address } = await server(await serverOf(ca, ["web-1", "192.0.2.7"]));
    expect(await failureOf(handshake(url, ours))).toMatchObject({
      code: "untrusted",
      message: `the certificate of ${address} is not for this address, only for web-1, 192.0.2.7`,
    });
  });

  it("fails where the certificate has expired", async () => {
    const { url, address } = await server(await serverOf(ca, ["127.0.0.1"], now - 400 * day));
    expect(await failureOf(handshake(url, ours))).toMatchObject({
      code: "untrusted",
      message: `the certificate of ${address} has expired, or the authority that signed it has`,
    });
  });

  it("fails where the certificate is not valid yet", async () => {
    const { url, address } = await server(await serverOf(ca, ["127.0.0.1"], now + day));
    expect(await failureOf(handshake(url, ours))).toMatchObject({
      code: "untrusted",
      message: `the certificate of ${address} is not valid yet`,
    });
  });

  it("fails where the server shows its client certificate", async () => {
    const { url, address } = await server(ours);
    expect(await failureOf(handshake(url, ours))).toMatchObject({
      code: "untrusted",
      message: matching(new RegExp(`^the certificate of ${address} is not accepted: `)),
    });
  });

  it("fails where TLS is not spoken", async () => {
    const { url, address } = await listening(createPlainServer());
    expect(await failureOf(handshake(url, ours))).toMatchObject({
      code: "untrusted",
      message: `${address} does not speak TLS`,
    });
  });

  it("fails where the connection is closed at once", async () => {
    const { url, address } = await listening(createTcpServer((socket) => socket.end()));
    expect(await failureOf(handshake(url, ours))).toMatchObject({
      code: "unreachable",
      message: `${address} closed the connection`,
    });
  });

  it("fails with a key of another certificate, and does not show it", async () => {
    const other = await clientOf(ca);
    const error = await failureOf(handshake("tcp://127.0.0.1:1", { ...ours, key: other.key }));
    expect(error).toMatchObject({ code: "failed", message: matching(/^the client certificate for .* cannot be used/) });
    expect(JSON.stringify(error)).not.toContain("PRIVATE");
  });

  it.each(["unix:///var/run/docker.sock", "ssh://ann@192.0.2.7", "192.0.2.7:2376", ""])(
    "is not made with %j",
    async (url) => {
      expect(await failureOf(handshake(url, ours))).toMatchObject({ code: "unsupported" });
    },
  );
});

describe("the version", () => {
  const answering = (body: string) => createPlainServer((_, response) => response.end(body));
  const versions = JSON.stringify({ Version: "29.1.0", ApiVersion: "1.52", MinAPIVersion: "1.44" });

  it("is asked on plain TCP where there are no credentials, by a path without an API version", async () => {
    let asked: string | undefined;
    const { url } = await listening(
      createPlainServer((request, response) => {
        asked = request.url;
        response.end(versions);
      }),
    );
    for (const written of [url, url.replace("tcp:", "http:")]) {
      expect(await engineVersion(written, undefined)).toEqual({ version: "29.1.0", apiVersion: "1.52" });
    }
    expect(asked).toBe("/version");
  });

  it("is asked on a local socket", async () => {
    const dir = await mkdtemp(join(tmpdir(), "machine-socket-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    const socketPath = join(dir, "docker.sock");
    const server = answering(versions).listen(socketPath);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    expect(await engineVersion(`unix://${socketPath}`, undefined)).toEqual({ version: "29.1.0", apiVersion: "1.52" });
    expect(await failureOf(engineVersion(`unix://${dir}/none.sock`, undefined))).toMatchObject({ code: "unreachable" });
  });

  it.each(["", "[]", "<html>", '{"Version": 29}'])("is not taken from %j", async (body) => {
    const { url, address } = await listening(answering(body));
    expect(await failureOf(engineVersion(url, undefined))).toMatchObject({
      message: `${address} does not answer like an engine (HTTP 200)`,
    });
  });

  it("is not waited for without an end when an answer never ends", async () => {
    const endless = createPlainServer((_, response) => {
      const pour = () => {
        while (response.write("x".repeat(65_536)));
        response.once("drain", pour);
      };
      pour();
    });
    const { url } = await listening(endless);
    expect(await failureOf(engineVersion(url, undefined))).toMatchObject({
      message: matching(/the answer is too long$/),
    });
  });
});

describe("the credentials of a machine", () => {
  it("are read from its directory", async () => {
    const dir = await mkdtemp(join(tmpdir(), "machine-credentials-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    for (const name of ["ca", "cert", "key"]) await writeFile(join(dir, `${name}.pem`), name);
    expect(readCredentials(dir)).toEqual({ ca: "ca", cert: "cert", key: "key" });
    await rm(join(dir, "key.pem"));
    expect(await failureOf(Promise.resolve(dir).then(readCredentials))).toMatchObject({
      message: matching(/key\.pem/),
      hint: matching(/regenerate-certs/),
    });
  });
});

/** Goes with the test, and so do its connections. */
async function listening(server: Server, host = "127.0.0.1") {
  server.on("connection", (socket) => {
    onTestFinished(() => void socket.destroy());
  });
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { port, address: `${host}:${String(port)}`, url: `tcp://${host}:${String(port)}` };
}

/** Hands a connection on by its first byte: 0x16 begins a TLS handshake (RFC 8446, 5.1). */
function byFirstByte(tlsPort: number, plainPort: number): Server {
  return createTcpServer((client) => {
    client.once("data", (first: Buffer) => {
      client.pause();
      const behind = connectTo({ host: "127.0.0.1", port: first[0] === 0x16 ? tlsPort : plainPort });
      for (const socket of [client, behind]) socket.on("error", () => undefined);
      behind.write(first);
      client.pipe(behind).pipe(client);
    });
  });
}
