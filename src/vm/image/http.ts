import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { MachineError, messageOf, type Io, interrupted } from "../../driver/index.js";
import { proxyFor } from "./proxy.js";

export interface HttpResponse {
  readonly status: number;
  /** The first value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  readonly body: Readable;
  /** Ends the connection. */
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What comes is compared with a digest: a redirect may lead away from https. */
  readonly isPinned: boolean;
  /** Milliseconds without a byte after which it is given up. */
  readonly silence: number;
}

/**
 * Asks for a URL, by way of the proxy that the environment names, and follows redirects.
 * @throws MachineError `unreachable` for what may pass, `failed`, `interrupted`
 */
export async function get(question: HttpRequest, io: Pick<Io, "env" | "signal">): Promise<HttpResponse> {
  let url = new URL(question.url);
  for (let left = 10; left > 0; left--) {
    const answer = await getOnce(url, question, io);
    const location = answer.header("location");
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    await answer.close();
    const next = new URL(location, url);
    if (!/^https?:$/.test(next.protocol)) throw new MachineError("failed", `${shown(url)} leads to ${next.protocol}`);
    if (url.protocol === "https:" && next.protocol === "http:" && !question.isPinned) {
      const what = `${shown(url)} leads to ${shown(next)}, where anybody on the way may change it`;
      throw new MachineError("failed", what, { hint: "say which digest it must have" });
    }
    url = next;
  }
  throw new MachineError("failed", `${shown(question.url)} leads on and on`);
}

/** A URL without what may be secret in it. */
export function shown(url: URL | string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

async function getOnce(url: URL, { headers, silence }: HttpRequest, { env, signal }: Pick<Io, "env" | "signal">) {
  const { request, Agent, ProxyAgent } = await import("undici");
  const limits = { headersTimeout: silence, bodyTimeout: silence, connect: { timeout: Math.min(silence, 20_000) } };
  const proxy = proxyFor(url, env);
  const dispatcher =
    proxy === undefined
      ? new Agent(limits)
      : new ProxyAgent({ ...limits, uri: proxy, proxyTunnel: url.protocol === "https:" });
  const login = url.username === "" ? {} : { authorization: basic(url) };
  const bare = new URL(url);
  [bare.username, bare.password] = ["", ""];
  try {
    const answer = await request(bare, { dispatcher, signal, headers: { ...headers, ...login } });
    return answerOf(answer, dispatcher);
  } catch (error) {
    await dispatcher.destroy();
    const way = proxy === undefined ? "" : ` by way of the proxy ${shown(proxy)}`;
    throw httpFailure(`${shown(url)} cannot be reached${way}`, error, signal);
  }
}

function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData, dispatcher: Dispatcher): HttpResponse {
  return {
    status: statusCode,
    header: (name) => {
      const value = headers[name];
      return typeof value === "object" ? value[0] : value;
    },
    body,
    close: async () => {
      // Its end is no error of ours.
      body.on("error", () => undefined);
      body.destroy();
      await dispatcher.destroy();
    },
  };
}

function basic({ username, password }: URL): string {
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString("base64")}`;
}

/** What a certificate is refused for does not pass. */
const isLasting = /CERT|SIGNATURE|ERR_TLS|ERR_SSL|EPROTO/;

/** What a failure of a connection means: `unreachable` may pass, `failed` does not. */
export function httpFailure(what: string, error: unknown, signal: AbortSignal): MachineError {
  if (signal.aborted) return interrupted(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new MachineError(isLasting.test(code) ? "failed" : "unreachable", `${what}: ${reason(code, error)}`, {
    hint: isLasting.test(code)
      ? "where a proxy or a company has its own authority, name its certificate in NODE_EXTRA_CA_CERTS"
      : "is this computer online? A proxy is taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
    cause: error,
  });
}

function reason(code: string, error: unknown): string {
  if (/_(HEADERS|BODY)_TIMEOUT$/.test(code)) return "nothing came for too long";
  if (code === "ENOTFOUND") return "its name is not known";
  return messageOf(error) || code;
}
