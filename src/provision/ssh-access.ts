import type { Step } from "../driver/index.js";
import type { ProvisionedHost } from "./host.js";

/**
 * What lets docker clients in over ssh: the user may use the engine's socket, and sshd takes many sessions.
 * @param user who logs in
 * @param onNewGroup called where the engine has to be restarted to give its socket to the group of its users
 */
export function allowSsh(host: ProvisionedHost, user: string, onNewGroup: () => void): readonly Step[] {
  const letIn = "let the user use the engine";
  const raise = "raise the limits of sshd";
  return [
    {
      name: letIn,
      async run(_, io) {
        const reported = await host.run(io, { step: letIn, templates: ["allow-user.sh"], params: { LOGIN: user } });
        if (reported.has("made")) onNewGroup();
      },
    },
    {
      name: raise,
      async run(_, io) {
        const { init } = await host.facts(io);
        await host.run(io, { step: raise, templates: ["sshd-limits.sh"], params: { INIT: init } });
      },
    },
  ];
}
