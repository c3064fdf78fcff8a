import type { Step } from "../driver/index.js";
import { hostStep, type ProvisionedHost } from "./host.js";

/**
 * What lets docker clients in over ssh: the user may use the engine's socket, and sshd takes many sessions.
 * @param user who logs in
 * @param onNewGroup called where the engine has to be restarted to give its socket to the group of its users
 */
export function allowSsh(host: ProvisionedHost, user: string, onNewGroup: () => void): readonly Step[] {
  return [
    hostStep("let the user use the engine", host, async (_, run) => {
      const reported = await run({ templates: ["allow-user.sh"], params: { LOGIN: user } });
      if (reported.has("made")) onNewGroup();
    }),
    hostStep("raise the limits of sshd", host, async (io, run) => {
      const { init } = await host.facts(io);
      await run({ templates: ["sshd-limits.sh"], params: { INIT: init } });
    }),
  ];
}
