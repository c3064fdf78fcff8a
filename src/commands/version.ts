import { loadHost } from "../core/host.js";
import { engineUrl } from "../core/status.js";
import { askVersion } from "../core/engine-version.js";
import { print } from "../ui/terminal.js";
import { version as ownVersion } from "../version.js";
import { defineCommand } from "./command.js";
import { oneName } from "./machines.js";

export const version = defineCommand({
  usage: "[NAME]",
  options: {},
  async run({ args, session, terminal }) {
    if (args.length === 0) {
      print(terminal, `docker-machine version ${await ownVersion()}, build machine`);
      return;
    }
    const host = await loadHost(session, await oneName(args, session));
    await engineUrl(session, host);
    print(terminal, await askVersion(session, host));
  },
});
