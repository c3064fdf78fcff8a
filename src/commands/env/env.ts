import { join } from "node:path";
import { checkEndpoint } from "../../core/inspect/endpoint.js";
import { loadHost } from "../../core/host/host.js";
import { boolean, MachineError, text } from "../../driver/index.js";
import { defineCommand, type Call } from "../../cli/command.js";
import type { Terminal } from "../../ui/terminal.js";
import { oneName } from "../../cli/for-each-machine.js";
import { shellSyntax, type ShellSyntax } from "./shell-syntax.js";
import { checkSwarm, swarmUrl } from "./swarm.js";

const options = {
  swarm: boolean({ help: "Display the Swarm config instead of the Docker daemon" }),
  shell: text({ help: "Force environment to be configured for a specified shell; default: that of $SHELL" }),
  unset: boolean({ help: "Unset variables instead of setting them", short: "u" }),
  noProxy: boolean({ help: "Add machine IP to NO_PROXY environment variable" }),
};

export const env = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options,
  async run(call) {
    const { values, terminal, json, out } = call;
    const variables = values.unset ? noMachine(call) : await ofMachine(call);
    const syntax = shellSyntax(values.shell, terminal);
    const lines = Object.entries(variables).map(([name, value]) =>
      value === null ? syntax.unset(name) : syntax.set(name, value),
    );
    // A shell takes every byte as it is.
    if (!json) out.raw([...lines, ...hint(syntax, call)].map((line) => `${line}\n`).join(""));
    out.json(variables);
  },
});

/** What each variable is to be; null: unset. */
type Variables = Readonly<Record<string, string | null>>;

type EnvCall = Call<typeof options>;

function noMachine({ args, values, terminal }: EnvCall): Variables {
  if (args.length > 0) throw new MachineError("failed", "Error: Expected no machine name when the -u flag is present");
  return {
    ...unset("DOCKER_TLS_VERIFY", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_MACHINE_NAME"),
    ...(terminal.platform === "win32" && unset("COMPOSE_CONVERT_WINDOWS_PATHS")),
    ...(values.noProxy && unset(noProxyName(terminal))),
  };
}

async function ofMachine({ args, values, session, terminal, out }: EnvCall): Promise<Variables> {
  const host = await loadHost(session, await oneName(args, session));
  if (values.swarm) checkSwarm(out, host);
  const { url, address, hasTls } = await checkEndpoint(session, host, "Error checking TLS connection");
  return {
    // Those of a machine before would be taken for this one's.
    ...(hasTls ? { DOCKER_TLS_VERIFY: "1" } : unset("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")),
    DOCKER_HOST: values.swarm ? swarmUrl(host, url) : url,
    ...(hasTls && { DOCKER_CERT_PATH: host.dir }),
    DOCKER_MACHINE_NAME: host.name,
    ...(terminal.platform === "win32" && { COMPOSE_CONVERT_WINDOWS_PATHS: "true" }),
    ...(values.noProxy && { [noProxyName(terminal)]: noProxyWith(address, terminal) }),
  };
}

function unset(...names: readonly string[]): Variables {
  return Object.fromEntries(names.map((name) => [name, null]));
}

export const config = defineCommand({
  usage: "[NAME]",
  options: { swarm: boolean({ help: "Display the Swarm config instead of the Docker daemon" }) },
  async run({ args, values, session, out }) {
    const host = await loadHost(session, await oneName(args.slice(0, 1), session));
    if (values.swarm) checkSwarm(out, host);
    const { url, hasTls } = await checkEndpoint(session, host, "Error running connection boilerplate");
    const dockerHost = values.swarm ? swarmUrl(host, url) : url;
    const file = (name: string): string => join(host.dir, name);
    const tls = hasTls ? { caCert: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") } : undefined;
    if (tls !== undefined) {
      out.text(
        "--tlsverify",
        `--tlscacert=${JSON.stringify(tls.caCert)}`,
        `--tlscert=${JSON.stringify(tls.cert)}`,
        `--tlskey=${JSON.stringify(tls.key)}`,
      );
    }
    out.text(`-H=${dockerHost}`);
    out.json({ name: host.name, host: dockerHost, tls: tls ?? null });
  },
});

/** What evaluates the output, as comments of the same shell, so that a person who reads it knows what to do. */
function hint(syntax: ShellSyntax, { line, values, terminal }: EnvCall): readonly string[] {
  const evaluate = (values.unset ? syntax.evaluateUnset : undefined) ?? syntax.evaluate;
  // A comment ends with its line.
  const words = line.map((word) => (/[ \\]/.test(word) ? `"${word}"` : word).replace(/\p{Cc}/gu, " "));
  const command = evaluate([terminal.program, ...words].join(" "));
  return [`${syntax.comment} Run this command to configure your shell: `, `${syntax.comment} ${command}`];
}

function noProxyName({ env: vars }: Terminal): string {
  return vars["no_proxy"] ? "no_proxy" : "NO_PROXY";
}

function noProxyWith(address: string, terminal: Terminal): string {
  const now = terminal.env[noProxyName(terminal)] ?? "";
  const isThere = now.split(",").some((part) => part.trim() === address);
  return isThere || now === "" ? now || address : `${now},${address}`;
}
