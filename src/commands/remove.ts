import { removeMachine } from "../core/remove.js";
import type { Session } from "../core/session.js";
import { boolean, isMachineError, MachineError, messageOf } from "../driver/index.js";
import { joined } from "../core/host.js";
import { askLine } from "../ui/prompt.js";
import { print, type Terminal } from "../ui/terminal.js";
import { defineCommand } from "./command.js";

export const rm = defineCommand({
  usage: "[OPTIONS] NAME...",
  options: {
    force: boolean({
      help: "Remove local configuration even if machine cannot be removed, also implies an automatic yes (`-y`)",
      short: "f",
    }),
    y: boolean({ help: "Assumes automatic yes to proceed with remove, without prompting further user confirmation" }),
  },
  async run({ args, values, session, terminal }) {
    if (args.length === 0) {
      throw new MachineError("failed", "Error: Expected to get one or more machine names as arguments");
    }
    print(terminal, `About to remove ${args.join(", ")}`);
    print(terminal, "WARNING: This action will delete both local reference and remote instance.");
    if (!values.force && !values.y && !(await agreed(args, session, terminal))) return;
    const errors: unknown[] = [];
    for (const name of args) {
      try {
        await removeMachine(session, name, values.force);
        print(terminal, `Successfully removed ${name}`);
      } catch (error) {
        const failure = removalError(name, error);
        if (values.force && isMachineError(failure)) session.tell(`${failure.message}\nCan't remove "${name}"`);
        else errors.push(failure);
      }
    }
    if (errors.length > 0) throw joined(errors);
  },
});

/** Exactly one word that begins with y, as docker-machine has it. */
async function agreed(names: readonly string[], { tell }: Session, terminal: Terminal): Promise<boolean> {
  const answer = await askLine(terminal, "Are you sure? (y/n): ");
  if (answer === undefined)
    tell(`Nobody answered: nothing is removed. Without a question: machine rm -y ${names.join(" ")}`);
  return /^\s*y\S*\s*$/i.test(answer ?? "");
}

function removalError(name: string, error: unknown): unknown {
  if (!isMachineError(error)) return error;
  return new MachineError(error.code, `Error removing host "${name}": ${messageOf(error)}`, {
    hint: error.hint,
    output: error.output,
    cause: error,
  });
}
