import { removeUnusedContexts, syncContext, useMachine, useNoMachine } from "../core/clients/docker-context.js";
import type { Session } from "../core/session/session.js";
import { boolean, combineErrors, isExpected, MachineError } from "../driver/index.js";
import { defineCommand } from "../cli/command.js";
import type { Output } from "../cli/output.js";

export const use = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: { unset: boolean({ help: "Go back to docker's default context", short: "u" }) },
  async run({ args, values, session, terminal, out }) {
    const [name, ...extra] = args;
    if (extra.length > 0 || (name === undefined) !== values.unset) {
      throw new MachineError("usage", "one machine is needed, or --unset", {
        hint: `${terminal.program} use NAME, or ${terminal.program} use --unset`,
      });
    }
    if (name === undefined) await useNoMachine(session);
    else await useMachine(session, name);
    const now = name ?? "default";
    out.note(`docker's current context is ${now} now`);
    warnOfOverriding(session, now, out);
    out.json({ context: now });
  },
});

/** What the docker client asks before its current context. */
function warnOfOverriding({ env }: Session, now: string, out: Output): void {
  const variable = env["DOCKER_HOST"] ? "DOCKER_HOST" : "DOCKER_CONTEXT";
  const value = env[variable];
  if (value && value !== now) out.note(`${variable} is set, to ${value}, and goes before it: unset ${variable}`);
}

export const context = defineCommand({
  usage: "sync [NAME...]",
  options: {},
  async run({ args: [what, ...names], session, out }) {
    if (what !== "sync") throw new MachineError("usage", "context can sync");
    const isForAll = names.length === 0;
    const removed = isForAll ? await removeUnusedContexts(session) : [];
    out.text(...removed.map((name) => `Removed the docker context ${name}`));
    const synced: { readonly name: string; readonly isWritten: boolean }[] = [];
    const errors: MachineError[] = [];
    // One after another; what fails keeps no other from it.
    for (const name of isForAll ? await session.store.names() : names) {
      try {
        const isWritten = await syncContext(session, name);
        out.text(isWritten ? `Wrote the docker context ${name}` : `The docker context ${name} is right`);
        synced.push({ name, isWritten });
      } catch (error) {
        if (!isExpected(error)) throw error;
        // Where all are meant, those that can have none are none that fail.
        if (isForAll && (error.code === "unsupported" || error.code === "exists")) out.note(error.message);
        else errors.push(error);
      }
    }
    out.json({ removed, synced });
    if (errors.length > 0) throw combineErrors(errors);
  },
});
