import { readFile } from "node:fs/promises";
import { request as requestPlain, type ClientRequest } from "node:http";
import { request as requestTls } from "node:https";
import { isIP } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { MachineError, isMachineError, messageOf } from "../driver/index.js";
import { connectionFailure, isRefusal } from "./failure.js";

/** PEM texts: the authority that the engine's certificate must come from, and the client's own certificate and key. */
export interface Credentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface CallOptions {
  /** Milliseconds for the whole call. Default 5,000. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads ca.pem, cert.pem and key.pem of a directory, as `DOCKER_CERT_PATH` names one. */
export async function readCredentials(dir: string): Promise<Credentials> {
  try {
    const [ca, cert, key] = await Promise.all(
      ["ca.pem", "cert.pem", "key.pem"].map((name) => readFile(join(dir, name), "utf8")),
    );
    return { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
  } catch (error) {
    throw new MachineError("failed", `the client certificate cannot be read: ${messageOf(error)}`, {
      hint: "put it back with: machine regenerate-certs NAME",
      cause: error,
    });
  }
}

/**
 * Shakes hands with an engine, which proves that something at this URL holds a certificate of our authority for this
 * address. A refusal of the client's certificate comes later in TLS 1.3 and is seen by {@link engineVersion}.
 * @param url e.g. `tcp://192.0.2.7:2376`
 * @throws MachineError `unreachable` or `untrusted`, with the reason
 */
export async function handshake(url: string, credentials: Credentials, options: CallOptions = {}): Promise<void> {
  const target = parseUrl(url, tlsPort);
  await attempt(target, options, (signal) => shakeHands(target, credentials, signal));
}

/**
 * Asks by the path without an API version, which every engine answers.
 * @param credentials undefined: without TLS
 * @throws MachineError `unreachable` or `untrusted`, with the reason
 */
export async function engineVersion(
  url: string,
  credentials: Credentials | undefined,
  options: CallOptions = {},
): Promise<{ version: string; apiVersion: string }> {
  const target = parseUrl(url, credentials === undefined ? plainPort : tlsPort);
  const { status, body } = await get(target, "/version", credentials, options);
  const { Version: version, ApiVersion: apiVersion } = parseObject(body);
  if (status === 200 && typeof version === "string" && typeof apiVersion === "string") return { version, apiVersion };
  throw new MachineError("unreachable", `${target.address} does not answer like an engine (HTTP ${String(status)})`, {
    hint: "something else listens there, or the engine is ill: look at its log on the machine",
  });
}

/**
 * Proves that the engine's port is open to us and to nobody else: our certificate is let in; no certificate, a foreign
 * one and plain HTTP are refused. An attempt that nobody answered proves nothing and fails as well.
 * @param foreign a certificate that the engine's authority has not signed
 * @throws MachineError `untrusted` for a port that is open to others, saying to whom; `unreachable` or `untrusted`
 * where it is closed to us
 */
export async function proveTls(
  url: string,
  ours: Credentials,
  foreign: Pick<Credentials, "cert" | "key">,
  options: CallOptions = {},
): Promise<void> {
  const target = parseUrl(url, tlsPort);
  const ping = (credentials: Partial<Credentials> | undefined) => get(target, "/_ping", credentials, options);
  const { status } = await ping(ours);
  if (status !== 200) {
    throw new MachineError("unreachable", `${target.address} answers a ping with HTTP ${String(status)}`, {
      hint: "the engine is ill: look at its log on the machine",
    });
  }
  const proofs = await Promise.allSettled([
    expectRefusal(target, "a client without a certificate", () => ping({ ca: ours.ca })),
    expectRefusal(target, "a client with a foreign certificate", () => ping({ ...foreign, ca: ours.ca })),
    expectRefusal(target, "anyone by plain HTTP", () => ping(undefined)),
  ]);
  const failed = proofs.find((proof) => proof.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Where an engine listens. `address` is for people. */
interface Target {
  readonly address: string;
  readonly at: { readonly host: string; readonly port: number } | { readonly socketPath: string };
}

/** The ports that the docker client takes where a URL has none. */
const tlsPort = 2376;
const plainPort = 2375;

const defaultTimeout = 5_000;
const longestAnswer = 1_048_576;

function parseUrl(url: string, defaultPort: number): Target {
  const [, socketPath] = /^unix:\/\/(\/.+)$/.exec(url) ?? [];
  if (socketPath !== undefined) return { address: socketPath, at: { socketPath } };
  // The port that `https:` stands for would get lost.
  const asTcp = url.replace(/^https?:/, "tcp:");
  const { hostname, port } = /^tcp:/.test(asTcp) && URL.canParse(asTcp) ? new URL(asTcp) : { hostname: "", port: "" };
  if (hostname === "") {
    throw new MachineError("unsupported", `"${url}" is no URL of an engine that can be asked`, {
      hint: "it has to be like tcp://192.0.2.7:2376 or unix:///var/run/docker.sock",
    });
  }
  const number = port === "" ? defaultPort : Number(port);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { address: `${hostname}:${String(number)}`, at: { host, port: number } };
}

/** Ends `work` when the time is over or the caller gives up, and says what its error means. */
async function attempt<T>(
  { address }: Target,
  { timeout = defaultTimeout, signal }: CallOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const timer = setTimeout(() => {
    ending.abort(Object.assign(new Error(`no answer within ${String(timeout / 1_000)} s`), { code: "ETIMEDOUT" }));
  }, timeout);
  const interrupt = () => {
    ending.abort(new MachineError("interrupted", `interrupted while waiting for ${address}`));
  };
  signal?.addEventListener("abort", interrupt, { once: true });
  if (signal?.aborted) interrupt();
  try {
    ending.signal.throwIfAborted();
    return await work(ending.signal);
  } catch (error) {
    throw connectionFailure(ending.signal.aborted ? ending.signal.reason : error, address);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupt);
  }
}

function shakeHands({ address, at }: Target, credentials: Credentials, signal: AbortSignal): Promise<void> {
  if ("socketPath" in at) {
    throw new MachineError("unsupported", `${address} is a local socket, where there is no TLS to check`);
  }
  return new Promise((resolve, reject) => {
    const servername = isIP(at.host) === 0 ? at.host : "";
    const socket = connect({ ...credentials, ...at, servername, rejectUnauthorized: true });
    signal.addEventListener("abort", () => socket.destroy(signal.reason as Error), { once: true });
    socket.on("error", reject);
    socket.once("secureConnect", () => {
      socket.destroy();
      resolve();
    });
  });
}

/** @param credentials undefined: plain HTTP; without `cert` and `key`: TLS without a client certificate */
function get(
  target: Target,
  path: string,
  credentials: Partial<Credentials> | undefined,
  options: CallOptions,
): Promise<Answer> {
  const { at } = target;
  return attempt(target, options, (signal) => {
    const common = { ...at, path, signal, agent: false };
    const isPlain = credentials === undefined || "socketPath" in at;
    return answerTo(
      isPlain ? requestPlain(common) : requestTls({ ...common, ...credentials, rejectUnauthorized: true }),
    );
  });
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function answerTo(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("error", reject);
      response.on("data", (part: string) => {
        body += part;
        if (body.length > longestAnswer) request.destroy(new Error("the answer is too long"));
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    request.end();
  });
}

/** A body that is no JSON object has no fields. */
function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Go's TLS server answers plain HTTP with status 400 and nothing else; every other answer came from the engine. */
async function expectRefusal({ address }: Target, who: string, ping: () => Promise<Answer>): Promise<void> {
  try {
    const { status, body } = await ping();
    if (status === 400 && /HTTP request to an HTTPS server/.test(body)) return;
  } catch (error) {
    if (isMachineError(error) && isRefusal(error.cause)) return;
    throw error;
  }
  throw new MachineError("untrusted", `${address} lets in ${who}: whoever reaches it controls the machine`, {
    hint: "close the port to the network, then: machine provision NAME",
  });
}
