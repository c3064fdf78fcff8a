import { addDriver, removeDriver } from "../core/manage/drivers.js";
import { findPackage, type DriverPackage } from "../core/session/outside.js";
import { driverNames, isBuiltIn } from "../core/session/registry.js";
import type { Session } from "../core/session/session.js";
import { boolean, isMachineError, MachineError } from "../driver/index.js";
import { isYes, askLine } from "../ui/prompt.js";
import { table } from "../ui/table.js";
import { print } from "../ui/terminal.js";
import { defineCommand, type Call } from "../cli/command.js";

const usage = "ls | add PACKAGE|TARBALL|FOLDER | rm NAME";

export const driver = defineCommand({
  usage,
  options: {
    yes: boolean({ help: "Add the driver without asking", short: "y" }),
  },

  async run(call) {
    const { args, values, session, out, answer } = call;
    const [what, given, ...more] = args;
    if (what === "ls" && given === undefined) {
      const rows = await Promise.all((await driverNames(session.store.root)).map((name) => rowOf(session, name)));
      const cells = rows.map(({ name, version, from, summary, error }) => [
        ...[name, version ?? "-", from ?? "built in", summary ?? `error: ${error ?? ""}`],
      ]);
      out.write(table([["NAME", "VERSION", "FROM", "SUMMARY"], ...cells]));
      answer(rows);
    } else if (what === "add" && given !== undefined && more.length === 0) {
      const added = await addDriver(session, given, (found) => agree(call, values.yes, given, found));
      print(out, `Added ${added.title}: machine create -d ${added.name}`);
      answer(await rowOf(session, added.name));
    } else if (what === "rm" && given !== undefined && more.length === 0) {
      await removeDriver(session, given);
      print(out, `Removed the driver ${given}`);
      answer({ name: given });
    } else {
      throw new MachineError("usage", `machine driver ${usage}`);
    }
  },
});

interface Row {
  readonly name: string;
  /** Null for a driver of this program, as `from`. */
  readonly version: string | null;
  readonly from: string | null;
  /** Null where it cannot be loaded: `error` says why. */
  readonly summary: string | null;
  readonly error: string | null;
}

async function rowOf({ store, findDriver }: Session, name: string): Promise<Row> {
  let found: DriverPackage | undefined;
  const row = (): Pick<Row, "name" | "version" | "from"> => ({
    ...{ name, version: found?.version ?? null, from: found?.folder ?? null },
  });
  try {
    found = isBuiltIn(name) ? undefined : await findPackage(name, store.paths.plugins);
    const { summary } = await findDriver(name);
    return { ...row(), summary, error: null };
  } catch (error) {
    if (!isMachineError(error)) throw error;
    return { ...row(), summary: null, error: error.message };
  }
}

/** @throws MachineError `failed` where nobody agrees */
async function agree(
  { json, session, terminal }: Pick<Call, "json" | "session" | "terminal">,
  isAgreed: boolean,
  spec: string,
  { title }: DriverPackage,
): Promise<void> {
  session.tell(`${title} is a program. It runs with your user's rights: it can read your files, keys and credentials.`);
  if (isAgreed || isYes(await askLine(terminal, "Add it? (y/n): ", json ? session.tell : undefined))) return;
  throw new MachineError("failed", `${title} is not added: nobody agreed`, {
    hint: `without a question: machine driver add --yes ${spec}`,
  });
}
