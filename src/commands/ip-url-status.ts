import { inspect } from "../core/inspect/inspect.js";
import { engineUrl, stateWord } from "../core/inspect/status.js";
import { loadHost } from "../core/host/host.js";
import { MachineError } from "../driver/index.js";
import { defineCommand } from "../cli/command.js";
import { oneName, onEach } from "../cli/for-each-machine.js";

export const ip = defineCommand({
  usage: "[NAME...]",
  options: {},
  run: (call) =>
    onEach(call, ({ state: { IPAddress } }) => {
      if (IPAddress !== "") return Promise.resolve({ text: IPAddress, facts: { ip: IPAddress } });
      return Promise.reject(new MachineError("failed", "Error getting IP address: IP address is not set"));
    }),
});

export const url = defineCommand({
  usage: "[NAME]",
  options: {},
  async run({ args, session, out }) {
    const host = await loadHost(session, await oneName(args, session));
    const url = await engineUrl(session, host);
    out.text(url);
    out.json({ name: host.name, url });
  },
});

export const status = defineCommand({
  usage: "[NAME]",
  options: {},
  async run({ args, session, out }) {
    const host = await loadHost(session, await oneName(args, session));
    const state = stateWord((await inspect(session, host, { lock: "try" })).status);
    out.text(state);
    out.json({ name: host.name, state });
  },
});
