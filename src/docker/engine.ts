import { enginePort, MachineError, isMachineError } from "../driver/index.js";
import { converse, parseUrl, plainPort, type CallOptions, type Credentials, type Target } from "./connection.js";
import { isRefusal, withCode } from "./failure.js";

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
  const target = parseUrl(url, credentials === undefined ? plainPort : enginePort);
  const { status, body } = await get(target, "/version", credentials, options);
  const { Version: version, ApiVersion: apiVersion } = parseObject(body);
  if (status === 200 && isVersion(version) && isVersion(apiVersion)) return { version, apiVersion };
  throw new MachineError("unreachable", `${target.address} does not answer like an engine (HTTP ${String(status)})`, {
    hint: "something else listens there, or the engine is ill: look at its log on the machine",
  });
}

/** A word such as `28.5.2` or `20.10.24+dfsg1`. */
function isVersion(value: unknown): value is string {
  return typeof value === "string" && /^[!-~]{1,100}$/.test(value);
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
  const target = parseUrl(url, enginePort);
  const ping = (credentials: Partial<Credentials> | undefined) => get(target, "/_ping", credentials, options);
  // All at once: on a far host each takes several round trips.
  const proofs = await Promise.allSettled([
    expectAnswer(target, () => ping(ours)),
    expectRefusal(target, "a client without a certificate", () => ping({ ca: ours.ca })),
    expectRefusal(target, "a client with a foreign certificate", () => ping({ ...foreign, ca: ours.ca })),
    expectRefusal(target, "anyone by plain HTTP", () => ping(undefined)),
  ]);
  const failed = proofs.find((proof) => proof.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

const longestAnswer = 1_048_576;

interface EngineResponse {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks by HTTP/1.0, where an answer ends with its connection: Node's own client takes longer to load than the answer,
 * and twice as long for each engine.
 * @param credentials as {@link converse} takes them
 */
function get(
  target: Target,
  path: string,
  credentials: Partial<Credentials> | undefined,
  options: CallOptions,
): Promise<EngineResponse> {
  return converse(target, credentials, options, (socket, done) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      text += part;
      if (text.length > longestAnswer) socket.destroy(new Error("the answer is too long"));
    });
    socket.on("end", () => {
      const [, status, body = ""] = /^HTTP\/1\.\d (\d{3})[^]*?\r?\n\r?\n([^]*)$/.exec(text) ?? [];
      if (status === undefined) socket.destroy(text === "" ? withCode("ECONNRESET") : withCode("ERR_NOT_HTTP"));
      else done({ status: Number(status), body });
    });
    socket.write(`GET ${path} HTTP/1.0\r\nHost: docker\r\nConnection: close\r\n\r\n`);
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

async function expectAnswer({ address }: Target, ping: () => Promise<EngineResponse>): Promise<void> {
  const { status } = await ping();
  if (status === 200) return;
  throw new MachineError("unreachable", `${address} answers a ping with HTTP ${String(status)}`, {
    hint: "the engine is ill: look at its log on the machine",
  });
}

/** Go's TLS server answers plain HTTP with status 400 and nothing else; every other answer came from the engine. */
async function expectRefusal({ address }: Target, who: string, ping: () => Promise<EngineResponse>): Promise<void> {
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
