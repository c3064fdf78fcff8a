import { changePower } from "../core/lifecycle.js";
import type { Verb } from "../driver/index.js";
import { defineCommand, type Command } from "./command.js";
import { onEach } from "./machines.js";

export const start = power("start", "Starting", "started");
export const stop = power("stop", "Stopping", "stopped");
export const kill = power("kill", "Killing", "killed");
export const restart = power("restart", "Restarting", "restarted");

function power(verb: Verb, doing: string, done: string): Command {
  return defineCommand({
    usage: "[NAME...]",
    options: {},
    async run(call) {
      const { session } = call;
      await onEach(call, async (host) => {
        session.tell(`${doing} "${host.name}"...`);
        await changePower(session, host, verb);
        return `Machine "${host.name}" was ${done}.`;
      });
      if (verb === "start" || verb === "restart") {
        session.tell(
          `${verb === "start" ? "Started" : "Restarted"} machines may have new IP addresses. ` +
            "You may need to re-run the `docker-machine env` command.",
        );
      }
    },
  });
}
