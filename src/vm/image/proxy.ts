import type { Io } from "../../driver/index.js";

/**
 * The proxy for a URL, as curl reads the environment: HTTPS_PROXY or HTTP_PROXY by the URL's scheme, unless NO_PROXY has
 * its host, or a domain of it. Names in lower case come first; an empty variable counts as not set.
 */
export function proxyFor({ protocol, hostname, port }: URL, env: Io["env"]): string | undefined {
  const variable = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? "";
  const proxy = variable(protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy === "") return undefined;
  const exceptions = variable("NO_PROXY")
    .toLowerCase()
    .split(/[\s,]+/);
  if (exceptions.some((one) => covers(one, hostname.replace(/^\[|\]$/g, ""), port))) return undefined;
  return /^[a-z]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

/** @param exception `*`, `example.org`, `.example.org`, `*.example.org`, `192.0.2.7`, `example.org:8080` */
function covers(exception: string, host: string, port: string): boolean {
  if (exception === "*") return true;
  const [, name = exception, only] = /^([^:]+):(\d+)$/.exec(exception) ?? [];
  const domain = name.replace(/^\*?\./, "");
  if (domain === "" || (only !== undefined && only !== port)) return false;
  return host === domain || host.endsWith(`.${domain}`);
}
