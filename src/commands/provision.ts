import { provisionAgain, upgradeHost, type ProvisionRequest } from "../core/create/provision.js";
import type { Host } from "../core/host/host.js";
import { authorityContext } from "../core/clients/cert-paths.js";
import { renewClientCertificate } from "../tls/authority.js";
import { boolean, choice, MachineError, text, transports } from "../driver/index.js";
import { memoize } from "../driver/memoize.js";
import { askLine } from "../ui/prompt.js";
import { defineCommand, sudoOptions, type Call } from "../cli/command.js";
import { onEach } from "../cli/for-each-machine.js";
import { sudoPassword } from "../cli/sudo-password.js";

export const provision = defineCommand({
  usage: "[OPTIONS] [NAME...]",
  options: {
    engineInstallUrl: text({ help: "Another script to install a missing engine" }),
    engineSource: choice(["script", "distro"], {
      help: "Where a missing engine comes from; default: as it was asked of create",
    }),
    dockerTransport: choice(transports, {
      help: "Another way for docker clients to reach the engine; default: as it was asked of create",
    }),
    ...sudoOptions,
  },
  run: (call) =>
    onEach(call, async (host) => {
      const { engineInstallUrl: installUrl, engineSource, dockerTransport: transport } = call.values;
      const source = engineSource ?? (installUrl === undefined ? undefined : "script");
      await provisionAgain(call.session, host.name, { ...request(call, host), installUrl, source, transport });
    }),
});

export const regenerateCerts = defineCommand({
  usage: "[OPTIONS] [NAME...]",
  options: {
    force: boolean({ help: "Force rebuild and do not prompt", short: "f" }),
    clientCerts: boolean({ help: "Also regenerate client certificates." }),
    ...sudoOptions,
  },
  async run(call) {
    const { values, session, terminal, json, out } = call;
    if (!values.force) {
      const question = "Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): ";
      const answer = await askLine(terminal, question, json ? out.note : out.raw);
      if (answer === undefined) {
        const line = ["machine regenerate-certs -f", ...call.args].join(" ");
        throw new MachineError("failed", "EOF", { hint: `nobody answered; without a question: ${line}` });
      }
      if (!/^\s*y/i.test(answer)) {
        out.json([]);
        return;
      }
    }
    out.note("Regenerating TLS certificates");
    const renewed = memoize(async () => {
      out.note("Regenerating local certificates");
      await renewClientCertificate(session.certs, authorityContext(session));
    });
    await onEach(call, async (host) => {
      if (values.clientCerts) await renewed();
      if (host.transport === "ssh") out.note(`(${host.name}) its engine has no certificates: docker reaches it by ssh`);
      await provisionAgain(session, host.name, { ...request(call, host), renew: true });
    });
  },
});

export const upgrade = defineCommand({
  usage: "[OPTIONS] [NAME...]",
  options: {
    engineVersion: text({ help: "Exact version to bring the engine to, which the package manager then keeps" }),
    ...sudoOptions,
  },
  run: (call) =>
    onEach(call, async (host) => {
      await upgradeHost(call.session, host.name, { ...request(call, host), version: call.values.engineVersion });
    }),
});

function request(
  { session, values }: Pick<Call<typeof sudoOptions>, "session" | "values">,
  { name }: Pick<Host, "name">,
): ProvisionRequest {
  return { sudoPassword: sudoPassword(session, name, values.sudoPasswordFile) };
}
