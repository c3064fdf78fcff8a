import { join } from "node:path";
import { checkEndpoint } from "../core/endpoint.js";
import { loadHost } from "../core/host.js";
import { boolean, MachineError, text } from "../driver/index.js";
import { print, type Terminal } from "../ui/terminal.js";
import { defineCommand } from "./command.js";
import { oneName } from "./machines.js";
import { shellSyntax, type ShellSyntax } from "./shell-syntax.js";
import { checkSwarm, swarmUrl } from "./swarm.js";

export const env = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: {
    swarm: boolean({ help: "Display the Swarm config instead of the Docker daemon" }),
    shell: text({ help: "Force environment to be configured for a specified shell; default: that of $SHELL" }),
    unset: boolean({ help: "Unset variables instead of setting them", short: "u" }),
    noProxy: boolean({ help: "Add machine IP to NO_PROXY environment variable" }),
  },
  async run({ args, line, values, session, terminal }) {
    const syntax = shellSyntax(values.shell, terminal);
    if (values.unset) {
      if (args.length > 0)
        throw new MachineError("failed", "Error: Expected no machine name when the -u flag is present");
      const proxy = values.noProxy ? [noProxyName(terminal)] : [];
      for (const name of [...variables(terminal), ...proxy]) print(terminal, syntax.unset(name));
    } else {
      const host = await loadHost(session, await oneName(args, session));
      if (values.swarm) checkSwarm(session, host);
      const { url, address, hasTls } = await checkEndpoint(session, host, "Error checking TLS connection");
      // Those of a machine before would be taken for this one's.
      if (!hasTls) for (const name of tlsVariables) print(terminal, syntax.unset(name));
      const settings = {
        ...(hasTls && { DOCKER_TLS_VERIFY: "1" }),
        DOCKER_HOST: values.swarm ? swarmUrl(host, url) : url,
        ...(hasTls && { DOCKER_CERT_PATH: host.dir }),
        DOCKER_MACHINE_NAME: host.name,
        ...(terminal.platform === "win32" ? { COMPOSE_CONVERT_WINDOWS_PATHS: "true" } : {}),
        ...(values.noProxy ? { [noProxyName(terminal)]: noProxyWith(address, terminal) } : {}),
      };
      for (const [name, value] of Object.entries(settings)) print(terminal, syntax.set(name, value));
    }
    const evaluate = (values.unset ? syntax.evaluateUnset : undefined) ?? syntax.evaluate;
    hint(syntax.comment, evaluate, line, terminal);
  },
});

export const config = defineCommand({
  usage: "[NAME]",
  options: { swarm: boolean({ help: "Display the Swarm config instead of the Docker daemon" }) },
  async run({ args, values, session, terminal }) {
    const host = await loadHost(session, await oneName(args.slice(0, 1), session));
    if (values.swarm) checkSwarm(session, host);
    const { url, hasTls } = await checkEndpoint(session, host, "Error running connection boilerplate");
    const file = (name: string): string => JSON.stringify(join(host.dir, name));
    if (hasTls) {
      print(terminal, "--tlsverify");
      print(terminal, `--tlscacert=${file("ca.pem")}`);
      print(terminal, `--tlscert=${file("cert.pem")}`);
      print(terminal, `--tlskey=${file("key.pem")}`);
    }
    print(terminal, `-H=${values.swarm ? swarmUrl(host, url) : url}`);
  },
});

const tlsVariables = ["DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"];

function variables({ platform }: Terminal): string[] {
  const names = ["DOCKER_TLS_VERIFY", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_MACHINE_NAME"];
  return platform === "win32" ? [...names, "COMPOSE_CONVERT_WINDOWS_PATHS"] : names;
}

/** What evaluates the output, as comments of the same shell, so that a person who reads it knows what to do. */
function hint(comment: string, evaluate: ShellSyntax["evaluate"], line: readonly string[], terminal: Terminal): void {
  // A comment ends with its line.
  const words = line.map((word) => (/[ \\]/.test(word) ? `"${word}"` : word).replace(/\p{Cc}/gu, " "));
  print(terminal, `${comment} Run this command to configure your shell: `);
  print(terminal, `${comment} ${evaluate([terminal.program, ...words].join(" "))}`);
}

function noProxyName({ env: vars }: Terminal): string {
  return vars["no_proxy"] ? "no_proxy" : "NO_PROXY";
}

function noProxyWith(address: string, terminal: Terminal): string {
  const now = terminal.env[noProxyName(terminal)] ?? "";
  const isThere = now.split(",").some((part) => part.trim() === address);
  return isThere || now === "" ? now || address : `${now},${address}`;
}
