import { listSnapshots, removeSnapshot, restoreSnapshot, saveSnapshot } from "../core/snapshot.js";
import { MachineError, type Snapshot } from "../driver/index.js";
import { align } from "../ui/table.js";
import { print } from "../ui/terminal.js";
import { defineCommand, sudoOptions } from "./command.js";
import { sudoPassword } from "./sudo.js";

export const snapshot = defineCommand({
  usage: "[OPTIONS] NAME save|ls|restore|rm [SNAPSHOT]",
  options: sudoOptions,
  async run({ args, values, session, terminal }) {
    const [name, what, wanted, ...extra] = args;
    if (name === undefined || extra.length > 0) throw wrong(terminal.program);
    if (what === "save") {
      print(terminal, `Snapshot "${await saveSnapshot(session, name, wanted)}" of "${name}" was saved.`);
    } else if (what === "ls" && wanted === undefined) {
      terminal.write(table(await listSnapshots(session, name)));
    } else if (what === "restore" && wanted !== undefined) {
      await restoreSnapshot(session, name, wanted, sudoPassword(session, name, values.sudoPasswordFile));
      print(terminal, `Snapshot "${wanted}" of "${name}" was restored.`);
    } else if (what === "rm" && wanted !== undefined) {
      await removeSnapshot(session, name, wanted);
      print(terminal, `Snapshot "${wanted}" of "${name}" was removed.`);
    } else {
      throw wrong(terminal.program);
    }
  },
});

function wrong(program: string): MachineError {
  return new MachineError("usage", "a machine, what to do, and a snapshot to restore or remove are needed", {
    hint: `${program} snapshot NAME save|ls|restore|rm [SNAPSHOT]`,
  });
}

function table(snapshots: readonly Snapshot[]): string {
  const rows = snapshots.map(({ name, at, hasMemory }) => [
    name,
    at === undefined ? "-" : new Date(at).toISOString().replace(/\.\d+/, ""),
    hasMemory ? "yes" : "no",
  ]);
  return align([["NAME", "SAVED", "MEMORY"], ...rows].map((row) => `${row.join("\t")}\n`).join(""));
}
