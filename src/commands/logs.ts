import { integer, refuseStrangeFiles } from "../driver/index.js";
import { loggedCommands, type LoggedCommand } from "../store/command-log.js";
import { machinePaths } from "../store/paths.js";
import { defineCommand } from "../cli/command.js";
import { oneName } from "../cli/for-each-machine.js";

export const logs = defineCommand({
  usage: "[OPTIONS] [NAME]",
  options: { tail: integer({ help: "Show that many, the newest; default: all", short: "n", min: 0 }) },
  async run({ args, values, json, session, out }) {
    const { store } = session;
    const name = await oneName(args, session);
    // One whose config.json is broken has a log as well.
    if (!(await store.has(name))) await store.read(name);
    const { dir, commandLog } = machinePaths(store.root, name);
    refuseStrangeFiles(dir);
    const all = await loggedCommands(commandLog);
    const shown = all.slice(values.tail === undefined ? 0 : Math.max(0, all.length - values.tail));
    if (json) for (const one of shown) out.raw(`${JSON.stringify(one)}\n`);
    else if (all.length === 0) out.note(`No command was run on ${name} yet.`);
    else out.table(rowsOf(shown));
  },
});

function rowsOf(commands: readonly LoggedCommand[]): string[][] {
  const rows = commands.map(({ at, command, durationMs, exitCode, error }) => [
    at.replace(/\.\d+/, ""),
    `${(durationMs / 1_000).toFixed(1)} s`,
    exitCode === null ? "-" : String(exitCode),
    [command, ...(error === null ? [] : [error])].join(": ").replace(/\s*\n\s*/g, " "),
  ]);
  return [["BEGUN", "TOOK", "EXIT", "COMMAND"], ...rows];
}
