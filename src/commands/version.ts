import { loadHost } from "../core/host.js";
import { engineUrl } from "../core/status.js";
import { readCredentials } from "../docker/connection.js";
import { engineVersion } from "../docker/engine.js";
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
    const engine = await engineUrl(host);
    const isOurs = host.driver.access(host.machine.state).shell !== undefined;
    const credentials = isOurs ? await readCredentials(host.dir) : undefined;
    print(terminal, (await engineVersion(engine, credentials, { signal: session.signal })).version);
  },
});
