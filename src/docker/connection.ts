import { readFileSync } from "node:fs";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { enginePort, MachineError, messageOf } from "../driver/index.js";
import { connectionFailure, withCode } from "./failure.js";

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
  /** Calls that are given the same map make what OpenSSL needs of the same credentials once: it costs a millisecond. */
  readonly contexts?: Map<string, SecureContext> | undefined;
}

/** Reads ca.pem, cert.pem and key.pem of a directory, as `DOCKER_CERT_PATH` names one. */
export function readCredentials(dir: string): Credentials {
  return readCredentialFiles({ ca: join(dir, "ca.pem"), cert: join(dir, "cert.pem"), key: join(dir, "key.pem") });
}

/** @param paths of the files, which may lie anywhere */
export function readCredentialFiles(paths: Credentials): Credentials {
  const read = (path: string): string => readFileSync(path, "utf8");
  try {
    return { ca: read(paths.ca), cert: read(paths.cert), key: read(paths.key) };
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
  const target = parseUrl(url, enginePort);
  if ("path" in target.at) {
    throw new MachineError("unsupported", `${target.address} is a local socket, where there is no TLS to check`);
  }
  await converse<void>(target, credentials, options, (_, done) => {
    done();
  });
}

/**
 * Connects, by TLS only to who has a good certificate, and leaves the rest to `talk`, which fails by destroying the
 * socket with an error. The connection ends with the conversation.
 * @param credentials undefined: without TLS, which a local socket never has; without `cert` and `key`: TLS without a
 * client certificate
 */
export function converse<T>(
  target: Target,
  credentials: Partial<Credentials> | undefined,
  options: CallOptions,
  talk: (socket: Socket, done: (result: T) => void) => void,
): Promise<T> {
  const { at } = target;
  return attempt(
    target,
    options,
    (signal) =>
      new Promise((resolve, reject) => {
        const isPlain = credentials === undefined || "path" in at;
        const socket = isPlain
          ? connectPlain(at)
          : connectTls({
              ...at,
              servername: isIP(at.host) === 0 ? at.host : "",
              secureContext: contextOf(credentials, options.contexts),
              rejectUnauthorized: true,
            });
        signal.addEventListener("abort", () => socket.destroy(signal.reason as Error), { once: true });
        socket.on("error", reject);
        socket.once(isPlain ? "connect" : "secureConnect", () => {
          talk(socket, (result) => {
            resolve(result);
            socket.destroy();
          });
        });
      }),
  );
}

function contextOf(credentials: Partial<Credentials>, contexts?: Map<string, SecureContext>): SecureContext {
  const id = JSON.stringify(credentials);
  const context = contexts?.get(id) ?? createSecureContext(credentials);
  contexts?.set(id, context);
  return context;
}

/** Where an engine listens. `address` is for people. */
export interface Target {
  readonly address: string;
  readonly at: { readonly host: string; readonly port: number } | { readonly path: string };
}

/** The port that the docker client takes where a URL has none and there is no TLS. */
export const plainPort = 2375;

const defaultTimeout = 5_000;

/** @throws MachineError `unsupported` for what is no URL of an engine */
export function parseUrl(url: string, defaultPort: number): Target {
  const [, path] = /^unix:\/\/(\/.+)$/.exec(url) ?? [];
  if (path !== undefined) return { address: path, at: { path } };
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
    ending.abort(withCode("ETIMEDOUT", `no answer within ${String(timeout / 1_000)} s`));
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
