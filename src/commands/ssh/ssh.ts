import { loadHost, sshTargetOf } from "../../core/host/host.js";
import { openSsh } from "../../core/session/io.js";
import { MachineError } from "../../driver/index.js";
import { defineCommand } from "../../cli/command.js";
import { oneName } from "../../cli/for-each-machine.js";
import { runningHost, runProgram, withOpenSsh } from "./openssh.js";

export const ssh = defineCommand({
  usage: "[NAME] [--] [COMMAND...]",
  options: {},
  verbatim: true,
  async run({ args, session, terminal }) {
    const saved = await loadHost(session, await oneName(args.slice(0, 1), session));
    const words = args.slice(1);
    const host = await runningHost(session, saved, "Error: Cannot run SSH command");
    // Options like -t or -L are those of the ssh program, as docker-machine hands them on.
    if (words[0]?.startsWith("-") === true && words[0] !== "--") {
      return withOpenSsh(session, [host], (config) =>
        runProgram("give ssh options", "ssh", ["-F", config, host.name, ...words], terminal),
      );
    }
    const command = (words[0] === "--" ? words.slice(1) : words).join(" ");
    const connection = await openSsh(session, host.name, sshTargetOf(host));
    return connection.attach(command === "" ? undefined : command, terminal, { term: terminal.env["TERM"] });
  },
});

export const trust = defineCommand({
  usage: "NAME SHA256:FINGERPRINT",
  options: {},
  async run({ args, session, out }) {
    const [name, fingerprint, ...extra] = args;
    if (name === undefined || fingerprint === undefined || extra.length > 0) {
      throw new MachineError("usage", "a machine and the fingerprint of its new host key are needed", {
        hint: "the host's own console shows it: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
      });
    }
    const host = await loadHost(session, name);
    await session.store.lock(name, () => openSsh(session, name, sshTargetOf(host), fingerprint));
    out.text(`The host key ${fingerprint} of ${name} is trusted from now on.`);
    out.json({ name, fingerprint });
  },
});
