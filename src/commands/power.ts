import { changePower, targetStatus } from "../core/manage/power.js";
import { stateWord } from "../core/inspect/status.js";
import type { PowerAction } from "../driver/index.js";
import { defineCommand, sudoOptions, type Call, type Command } from "../cli/command.js";
import { onEach } from "../cli/for-each-machine.js";
import { sudoPassword } from "../cli/sudo-password.js";

export const start = starting("start", { doing: "Starting", done: "started" });
export const stop = stopping("stop", { doing: "Stopping", done: "stopped" });
export const kill = stopping("kill", { doing: "Killing", done: "killed" });
export const restart = starting("restart", { doing: "Restarting", done: "restarted" });

interface Words {
  readonly doing: string;
  readonly done: string;
}

/** These may make a new certificate on the machine. */
function starting(verb: PowerAction, words: Words): Command {
  return defineCommand({
    usage: "[OPTIONS] [NAME...]",
    options: sudoOptions,
    async run(call) {
      await change(call, verb, words, call.values.sudoPasswordFile);
      call.out.note(
        `${verb === "start" ? "Started" : "Restarted"} machines may have new IP addresses. ` +
          "You may need to re-run the `docker-machine env` command.",
      );
    },
  });
}

function stopping(verb: PowerAction, words: Words): Command {
  return defineCommand({ usage: "[NAME...]", options: {}, run: (call) => change(call, verb, words, undefined) });
}

function change(
  call: Pick<Call, "args" | "session" | "out">,
  verb: PowerAction,
  { doing, done }: Words,
  passwordFile: string | undefined,
): Promise<void> {
  const { session, out } = call;
  return onEach(call, async (host) => {
    out.note(`${doing} "${host.name}"...`);
    await changePower(session, host.name, verb, sudoPassword(session, host.name, passwordFile));
    return { text: `Machine "${host.name}" was ${done}.`, facts: { state: stateWord(targetStatus[verb]) } };
  });
}
