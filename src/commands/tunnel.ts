import { loadHost } from "../core/host/host.js";
import { openTunnel } from "../core/clients/tunnel.js";
import { text } from "../driver/index.js";
import { defineCommand } from "../cli/command.js";
import { oneName } from "../cli/for-each-machine.js";

export const tunnel = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: {
    listen: text({
      help: "127.0.0.1:PORT in place of a unix socket, 0 for a free one; all users of this computer reach it",
    }),
  },
  async run({ args, values, session, out }) {
    const host = await loadHost(session, await oneName(args, session));
    await openTunnel(session, host, values.listen, (url) => {
      out.text(url);
      out.json({ name: host.name, url });
      out.note(`That is the DOCKER_HOST of ${host.name} until Ctrl-C ends this.`);
    });
  },
});
