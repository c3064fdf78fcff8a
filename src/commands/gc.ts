import { findUnused, removeUnused } from "../core/manage/gc.js";
import { boolean, MachineError, type Resource, combineErrors } from "../driver/index.js";
import { table } from "../ui/table.js";
import { print } from "../ui/terminal.js";
import { defineCommand } from "../cli/command.js";
import { chosenDriver, driverOption } from "./create/driver-options.js";

export const gc = defineCommand({
  usage: "[OPTIONS]",
  options: {
    driver: driverOption("Driver that is asked"),
    yes: boolean({ help: "Remove what is listed without --yes", short: "y" }),
  },

  driver: chosenDriver,

  async run({ args, values, chosen, session, out, answer }) {
    if (args.length > 0) throw new MachineError("usage", "gc takes no names: it is for what no machine here has");
    if (chosen === undefined) return;
    const unused = await findUnused(session, chosen.driver, chosen.values);
    const removed = new Set<Resource>();
    let errors: readonly MachineError[] = [];
    if (unused.length === 0) {
      session.tell(`The driver ${chosen.driver.name} has nothing of this store that no machine in it has.`);
    } else if (values.yes) {
      errors = await removeUnused(session, unused, (one) => {
        print(out, `Removed ${one.kind} ${one.id}`);
        removed.add(one);
      });
    } else {
      out.write(tableOf(unused));
      session.tell("Nothing was removed. To remove these, type the same again with --yes.");
    }
    answer(
      unused.map((one) => {
        const { kind, id, machine = null, about } = one;
        return { kind, id, machine, about, isRemoved: removed.has(one) };
      }),
    );
    if (errors.length > 0) throw combineErrors(errors);
  },
});

function tableOf(resources: readonly Resource[]): string {
  const rows = resources.map(({ kind, id, machine = "-", about }) => [kind, id, machine, about]);
  return table([["KIND", "ID", "MACHINE", "ABOUT"], ...rows]);
}
