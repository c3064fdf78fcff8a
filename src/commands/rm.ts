import { removeMachine } from "../core/manage/remove.js";
import { boolean, isMachineError, MachineError, messageOf } from "../driver/index.js";
import { joined } from "../core/host/host.js";
import { askLine, isYes } from "../ui/prompt.js";
import { print } from "../ui/terminal.js";
import { defineCommand, type Call } from "../cli/command.js";

export const removeOptions = {
  force: boolean({
    help: "Remove local configuration even if machine cannot be removed, also implies an automatic yes (`-y`)",
    short: "f",
  }),
  y: boolean({ help: "Assumes automatic yes to proceed with remove, without prompting further user confirmation" }),
};

type Removal = Pick<Call<typeof removeOptions>, "values" | "session" | "terminal" | "json" | "out" | "answer">;

export const rm = defineCommand({
  usage: "[OPTIONS] NAME...",
  options: removeOptions,
  async run(call) {
    if (call.args.length === 0) {
      throw new MachineError("failed", "Error: Expected to get one or more machine names as arguments");
    }
    await removeMachines(call, call.args);
  },
});

/** Asks, and removes one machine after another; what fails keeps no other from it. */
export async function removeMachines(call: Removal, names: readonly string[]): Promise<void> {
  const { values, session, out, answer } = call;
  print(out, `About to remove ${names.join(", ")}`);
  print(out, "WARNING: This action will delete both local reference and remote instance.");
  const isAgreed = values.force || values.y || (await agreed(call, names));
  const removed: string[] = [];
  const errors: unknown[] = [];
  for (const name of isAgreed ? names : []) {
    try {
      await removeMachine(session, name, values.force);
      print(out, `Successfully removed ${name}`);
      removed.push(name);
    } catch (error) {
      const failure = removalError(name, error);
      if (values.force && isMachineError(failure)) session.tell(`${failure.message}\nCan't remove "${name}"`);
      else errors.push(failure);
    }
  }
  answer(removed.map((name) => ({ name })));
  if (errors.length > 0) throw joined(errors);
}

async function agreed({ json, session, terminal }: Removal, names: readonly string[]): Promise<boolean> {
  const answer = await askLine(terminal, "Are you sure? (y/n): ", json ? session.tell : undefined);
  if (answer === undefined)
    session.tell(`Nobody answered: nothing is removed. Without a question: machine rm -y ${names.join(" ")}`);
  return isYes(answer);
}

function removalError(name: string, error: unknown): unknown {
  if (!isMachineError(error)) return error;
  return new MachineError(error.code, `Error removing host "${name}": ${messageOf(error)}`, {
    hint: error.hint,
    output: error.output,
    cause: error,
  });
}
