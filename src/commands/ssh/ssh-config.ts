import { installSshConfig, sshConfigOf, uninstallSshConfig } from "../../core/clients/ssh-config.js";
import { boolean, MachineError } from "../../driver/index.js";
import { defineCommand } from "../../cli/command.js";

export const sshConfig = defineCommand({
  usage: "[OPTIONS] [NAME...]",
  options: {
    install: boolean({ help: "Have ~/.ssh/config include all machines, and keep what it includes up to date" }),
    uninstall: boolean({ help: "Take that out again" }),
  },
  async run({ args, values, session, out }) {
    const { install, uninstall } = values;
    if ((install || uninstall) && (args.length > 0 || install === uninstall)) {
      throw new MachineError("usage", "--install and --uninstall stand alone: they are for all machines of the store");
    }
    if (install) {
      await installSshConfig(session);
      out.note("~/.ssh/config includes the machines: ssh NAME, scp, rsync and docker -H ssh://NAME know them now.");
    } else if (uninstall) {
      await uninstallSshConfig(session);
      out.note("~/.ssh/config does not include the machines any more.");
    } else {
      out.raw(await sshConfigOf(session, args.length === 0 ? undefined : args));
    }
  },
});
