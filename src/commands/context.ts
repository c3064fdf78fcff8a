import { removeUnusedContexts, syncContext, useMachine, useNoMachine } from "../core/context.js";
import { joined } from "../core/host.js";
import type { Session } from "../core/session.js";
import { boolean, isMachineError, MachineError } from "../driver/index.js";
import { print, type Terminal } from "../ui/terminal.js";
import { defineCommand } from "./command.js";

export const use = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: { unset: boolean({ help: "Go back to docker's default context", short: "u" }) },
  async run({ args, values, session, terminal }) {
    const [name, ...extra] = args;
    if (extra.length > 0 || (name === undefined) !== values.unset) {
      throw new MachineError("usage", "one machine is needed, or --unset", {
        hint: `${terminal.program} use NAME, or ${terminal.program} use --unset`,
      });
    }
    if (name === undefined) await useNoMachine(session);
    else await useMachine(session, name);
    const now = name ?? "default";
    session.tell(`docker's current context is ${now} now`);
    warnOfOverriding(session, now);
  },
});

/** What the docker client asks before its current context. */
function warnOfOverriding({ env, tell }: Session, now: string): void {
  const variable = env["DOCKER_HOST"] ? "DOCKER_HOST" : "DOCKER_CONTEXT";
  const value = env[variable];
  if (value && value !== now) tell(`${variable} is set, to ${value}, and goes before it: unset ${variable}`);
}

export const context = defineCommand({
  usage: "sync [NAME...]",
  options: {},
  async run({ args: [what, ...names], session, terminal }) {
    if (what !== "sync") throw new MachineError("usage", "context can sync");
    if (names.length > 0) await sync(session, terminal, names, () => false);
    else await syncAll(session, terminal);
  },
});

/** Where all are meant, those that can have no context are none that fail. */
async function syncAll(session: Session, terminal: Terminal): Promise<void> {
  for (const name of await removeUnusedContexts(session)) print(terminal, `Removed the docker context ${name}`);
  await sync(session, terminal, await session.store.names(), ({ code, message }) => {
    const isExpected = code === "unsupported" || code === "exists";
    if (isExpected) session.tell(message);
    return isExpected;
  });
}

/** One after another; what fails keeps no other from it. */
async function sync(
  session: Session,
  terminal: Terminal,
  names: readonly string[],
  isFine: (error: MachineError) => boolean,
): Promise<void> {
  const errors: MachineError[] = [];
  for (const name of names) {
    try {
      const isNew = await syncContext(session, name);
      print(terminal, isNew ? `Wrote the docker context ${name}` : `The docker context ${name} is right`);
    } catch (error) {
      if (!isMachineError(error) || error.code === "interrupted") throw error;
      if (!isFine(error)) errors.push(error);
    }
  }
  if (errors.length > 0) throw joined(errors);
}
