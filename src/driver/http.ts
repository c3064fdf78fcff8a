import type { ClientRequest, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { interrupted, MachineError, messageOf } from "./error.js";
import type { Io } from "./io.js";
import { proxyAgentFor, proxyFor } from "./proxy.js";

export interface HttpResponse {
  readonly status: number;
  /** The first value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  readonly body: Readable;
  /** Ends the connection. */
  close(): void;
}

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What comes is compared with a digest: a redirect may lead away from https. */
  readonly isPinned: boolean;
  /** Milliseconds without a byte after which it is given up. */
  readonly silence: number;
  /** The only authorities that are trusted, in PEM. Default: those that Node trusts. */
  readonly ca?: Buffer | undefined;
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
    answer.close();
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

async function getOnce(
  url: URL,
  { headers, silence, ca }: HttpRequest,
  { env, signal }: Pick<Io, "env" | "signal">,
): Promise<HttpResponse> {
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  const agent = await proxyAgentFor(url, env, ca && { ca });
  const login = url.username === "" ? {} : { authorization: basic(url) };
  const bare = new URL(url);
  [bare.username, bare.password] = ["", ""];
  // A connection of its own: one that a server is about to end would be taken for the next question.
  const asking = request(bare, { agent: agent ?? false, signal, ca, headers: { ...headers, ...login } });
  try {
    return responseOf(await answerTo(asking, silence), silence);
  } catch (error) {
    asking.destroy();
    const proxy = proxyFor(url, env);
    const way = proxy === undefined ? "" : ` by way of the proxy ${shown(proxy)}`;
    throw httpFailure(`${shown(url)} cannot be reached${way}`, error, signal);
  }
}

/** @param silence milliseconds after which it is given up */
async function answerTo(asking: ClientRequest, silence: number): Promise<IncomingMessage> {
  const timer = setTimeout(() => asking.destroy(new Error(nothingCame)), silence);
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      // Also what comes after the answer: it is no error of ours that a server ends a connection as it likes.
      asking.on("error", reject).once("response", resolve).end();
    });
  } finally {
    clearTimeout(timer);
  }
}

function responseOf(answer: IncomingMessage, silence: number): HttpResponse {
  answer.setTimeout(silence, () => answer.destroy(new Error(nothingCame)));
  return {
    status: answer.statusCode ?? 0,
    header: (name) => {
      const value = answer.headers[name];
      return typeof value === "object" ? value[0] : value;
    },
    body: answer,
    close: () => {
      answer.on("error", () => undefined).destroy();
    },
  };
}

const nothingCame = "nothing came for too long";

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
  if (code === "ENOTFOUND") return "its name is not known";
  return messageOf(error) || code;
}
