import { removeMachine } from "../core/manage/remove.js";
import { boolean, isMachineError, MachineError, combineErrors, whileDoing } from "../driver/index.js";
import { askLine, isYes } from "../ui/prompt.js";
import { defineCommand, type Call } from "../cli/command.js";

export const removeOptions = {
  force: boolean({
    help: "Remove local configuration even if machine cannot be removed, also implies an automatic yes (`-y`)",
    short: "f",
  }),
  y: boolean({ help: "Assumes automatic yes to proceed with remove, without prompting further user confirmation" }),
};

type Removal = Pick<Call<typeof removeOptions>, "values" | "session" | "terminal" | "json" | "out">;

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
  const { values, session, out } = call;
  out.text(
    `About to remove ${names.join(", ")}`,
    "WARNING: This action will delete both local reference and remote instance.",
  );
  const isAgreed = values.force || values.y || (await agreed(call, names));
  const removed: string[] = [];
  const errors: unknown[] = [];
  for (const name of isAgreed ? names : []) {
    try {
      await removeMachine(session, name, values.force);
      out.text(`Successfully removed ${name}`);
      removed.push(name);
    } catch (error) {
      const failure = whileDoing(`Error removing host "${name}"`, error);
      if (values.force && isMachineError(failure)) out.note(`${failure.message}\nCan't remove "${name}"`);
      else errors.push(failure);
    }
  }
  out.json(removed.map((name) => ({ name })));
  if (errors.length > 0) throw combineErrors(errors);
}

async function agreed({ json, out, terminal }: Removal, names: readonly string[]): Promise<boolean> {
  const answer = await askLine(terminal, "Are you sure? (y/n): ", json ? out.note : out.raw);
  if (answer === undefined)
    out.note(`Nobody answered: nothing is removed. Without a question: machine rm -y ${names.join(" ")}`);
  return isYes(answer);
}
