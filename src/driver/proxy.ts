import type { Agent } from "node:http";
import type { AgentOptions } from "node:https";
import { BlockList, isIP } from "node:net";
import type { Io } from "./io.js";

/**
 * The proxy for a URL, as curl reads the environment: HTTPS_PROXY or HTTP_PROXY by the URL's scheme, unless NO_PROXY has
 * its host, a domain of it, or a network in CIDR notation. Names in lower case come first; an empty variable counts as
 * not set.
 */
export function proxyFor({ protocol, hostname, port }: URL, env: Io["env"]): string | undefined {
  const variable = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? "";
  const proxy = variable(protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy === "") return undefined;
  const exceptions = variable("NO_PROXY")
    .toLowerCase()
    .split(/[\s,]+/);
  if (exceptions.some((one) => covers(one, withoutBrackets(hostname), port))) return undefined;
  return /^[a-z]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

/** Connects by the proxy for a URL; undefined where there is none for it. @param options as those of https.Agent */
export async function proxyAgentFor(url: URL, env: Io["env"], options: AgentOptions = {}): Promise<Agent | undefined> {
  const proxy = proxyFor(url, env);
  if (proxy === undefined) return undefined;
  if (url.protocol === "https:") {
    const agent = new (await import("https-proxy-agent")).HttpsProxyAgent(proxy, options);
    const connect = agent.connect.bind(agent);
    // The options are those for the proxy; what is behind it has to be trusted alike.
    return Object.assign(agent, {
      connect: (...[asking, target]: Parameters<typeof connect>) => connect(asking, Object.assign(target, options)),
    });
  }
  return new (await import("http-proxy-agent")).HttpProxyAgent(proxy, options);
}

/**
 * @param exception `*`, `example.org`, `.example.org`, `*.example.org`, `example.org:8080`, `192.0.2.7`, `192.0.2.0/24`,
 * `[2001:db8::1]`, `2001:db8::/32`
 */
function covers(exception: string, host: string, port: string): boolean {
  if (exception === "*") return true;
  if (isInNetwork(exception, host)) return true;
  const [, name = exception, only] = /^([^:]+|\[.*\]):(\d+)$/.exec(exception) ?? [];
  const domain = withoutBrackets(name).replace(/^\*?\./, "");
  if (domain === "" || (only !== undefined && only !== port)) return false;
  return host === domain || host.endsWith(`.${domain}`);
}

function isInNetwork(network: string, host: string): boolean {
  const [, address = "", bits] = /^([\d.]+|[\da-f:.]*:[\da-f:.]*)\/(\d+)$/.exec(network) ?? [];
  const family = isIP(address);
  if (family === 0 || family !== isIP(host) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(address, Number(bits), type);
  return list.check(host, type);
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
