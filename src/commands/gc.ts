import { findUnused, removeUnused } from "../core/manage/gc.js";
import { boolean, combineErrors, MachineError, type Resource } from "../driver/index.js";
import { defineCommand } from "../cli/command.js";
import { driverOption } from "./create/driver-options.js";

export const gc = defineCommand({
  usage: "[OPTIONS]",
  options: {
    driver: driverOption("Driver that is asked"),
    yes: boolean({ help: "Remove what is listed without --yes", short: "y" }),
  },

  takesDriver: "always",

  async run({ args, values, chosen, session, out }) {
    if (args.length > 0) throw new MachineError("usage", "gc takes no names: it is for what no machine here has");
    if (chosen === undefined) return;
    const unused = await findUnused(session, chosen.driver, chosen.values);
    const removed = new Set<Resource>();
    let errors: readonly MachineError[] = [];
    if (unused.length === 0) {
      out.note(`The driver ${chosen.driver.name} has nothing of this store that no machine in it has.`);
    } else if (values.yes) {
      errors = await removeUnused(session, unused, (one) => {
        out.text(`Removed ${one.kind} ${one.id}`);
        removed.add(one);
      });
    } else {
      out.table(rowsOf(unused));
      out.note("Nothing was removed. To remove these, type the same again with --yes.");
    }
    out.json(
      unused.map((one) => {
        const { kind, id, machine = null, about } = one;
        return { kind, id, machine, about, isRemoved: removed.has(one) };
      }),
    );
    if (errors.length > 0) throw combineErrors(errors);
  },
});

function rowsOf(resources: readonly Resource[]): string[][] {
  const rows = resources.map(({ kind, id, machine = "-", about }) => [kind, id, machine, about]);
  return [["KIND", "ID", "MACHINE", "ABOUT"], ...rows];
}
