import { loadHost } from "../core/host/host.js";
import { engineUrl } from "../core/inspect/status.js";
import { askVersion } from "../core/clients/engine-version.js";
import { version as ownVersion } from "../version.js";
import { defineCommand } from "../cli/command.js";
import { oneName } from "../cli/for-each-machine.js";

export const version = defineCommand({
  usage: "[NAME]",
  options: {},
  async run({ args, session, out }) {
    if (args.length === 0) {
      const version = await ownVersion();
      out.text(`docker-machine version ${version}, build machine`);
      out.json({ version });
      return;
    }
    const host = await loadHost(session, await oneName(args, session));
    await engineUrl(session, host);
    const dockerVersion = await askVersion(session, host);
    out.text(dockerVersion);
    out.json({ name: host.name, dockerVersion });
  },
});
