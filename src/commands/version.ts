import { loadHost } from "../core/host/host.js";
import { engineUrl } from "../core/inspect/status.js";
import { askVersion } from "../core/clients/engine-version.js";
import { print } from "../ui/terminal.js";
import { version as ownVersion } from "../version.js";
import { defineCommand } from "../cli/command.js";
import { oneName } from "../cli/for-each-machine.js";

export const version = defineCommand({
  usage: "[NAME]",
  options: {},
  async run({ args, session, out, answer }) {
    if (args.length === 0) {
      const version = await ownVersion();
      print(out, `docker-machine version ${version}, build machine`);
      answer({ version });
      return;
    }
    const host = await loadHost(session, await oneName(args, session));
    await engineUrl(session, host);
    const dockerVersion = await askVersion(session, host);
    print(out, dockerVersion);
    answer({ name: host.name, dockerVersion });
  },
});
