import { engineUrl, stateWord } from "../core/endpoint.js";
import { loadHost } from "../core/host.js";
import { engineVersion, readCredentials } from "../docker/engine.js";
import { MachineError } from "../driver/index.js";
import { print } from "../ui/terminal.js";
import { version as ownVersion } from "../version.js";
import { defineCommand } from "./command.js";
import { oneName, onEach } from "./machines.js";

export const ip = defineCommand({
  usage: "[NAME...]",
  options: {},
  run: (call) =>
    onEach(call, ({ machine }) => {
      const { IPAddress } = machine.state;
      if (IPAddress !== "") return Promise.resolve(IPAddress);
      return Promise.reject(new MachineError("failed", "Error getting IP address: IP address is not set"));
    }),
});

export const url = defineCommand({
  usage: "[NAME]",
  options: {},
  async run({ args, session, terminal }) {
    print(terminal, await engineUrl(await loadHost(session, await oneName(args, session))));
  },
});

export const status = defineCommand({
  usage: "[NAME]",
  options: {},
  async run({ args, session, terminal }) {
    const { driver, machine, io } = await loadHost(session, await oneName(args, session));
    print(terminal, stateWord((await driver.inspect(machine, io)).status));
  },
});

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
