import { listSnapshots, removeSnapshot, restoreSnapshot, saveSnapshot } from "../core/manage/snapshot.js";
import { MachineError, type Snapshot } from "../driver/index.js";
import { defineCommand, sudoOptions } from "../cli/command.js";
import { sudoPassword } from "../cli/sudo-password.js";

export const snapshot = defineCommand({
  usage: "[OPTIONS] NAME save|ls|restore|rm [SNAPSHOT]",
  options: sudoOptions,
  async run({ args, values, session, terminal, out }) {
    const [name, what, wanted, ...extra] = args;
    if (name === undefined || extra.length > 0) throw wrong(terminal.program);
    if (what === "save") {
      const saved = await saveSnapshot(session, name, wanted);
      out.text(`Snapshot "${saved}" of "${name}" was saved.`);
      out.json({ name, snapshot: saved });
    } else if (what === "ls" && wanted === undefined) {
      const snapshots = await listSnapshots(session, name);
      out.table(rowsOf(snapshots));
      out.json(
        snapshots.map(({ name: snapshot, at, hasMemory }) => ({
          ...{ name, snapshot, hasMemory },
          savedAt: at === undefined ? null : new Date(at).toISOString(),
        })),
      );
    } else if (what === "restore" && wanted !== undefined) {
      await restoreSnapshot(session, name, wanted, sudoPassword(session, name, values.sudoPasswordFile));
      out.text(`Snapshot "${wanted}" of "${name}" was restored.`);
      out.json({ name, snapshot: wanted });
    } else if (what === "rm" && wanted !== undefined) {
      await removeSnapshot(session, name, wanted);
      out.text(`Snapshot "${wanted}" of "${name}" was removed.`);
      out.json({ name, snapshot: wanted });
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

function rowsOf(snapshots: readonly Snapshot[]): string[][] {
  const rows = snapshots.map(({ name, at, hasMemory }) => [
    name,
    at === undefined ? "-" : new Date(at).toISOString().replace(/\.\d+/, ""),
    hasMemory ? "yes" : "no",
  ]);
  return [["NAME", "SAVED", "MEMORY"], ...rows];
}
