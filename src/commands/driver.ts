import { addDriver, removeDriver } from "../core/manage/drivers.js";
import { findPackage, type DriverPackage } from "../core/session/outside.js";
import { driverNames, isBuiltIn } from "../core/session/registry.js";
import type { Session } from "../core/session/session.js";
import { boolean, isMachineError, MachineError } from "../driver/index.js";
import { isYes, askLine } from "../ui/prompt.js";
import { defineCommand, type Call } from "../cli/command.js";

const usage = "ls | add PACKAGE|TARBALL|FOLDER | rm NAME";

export const driver = defineCommand({
  usage,
  options: {
    yes: boolean({ help: "Add the driver without asking", short: "y" }),
  },

  async run(call) {
    const { args, values, session, out } = call;
    const [what, given, ...more] = args;
    if (what === "ls" && given === undefined) {
      const rows = await Promise.all((await driverNames(session.store.root)).map((name) => rowOf(session, name)));
      const cells = rows.map(({ name, version, from, summary, error }) => [
        ...[name, version ?? "-", from ?? "built in", summary ?? `error: ${error ?? ""}`],
      ]);
      out.table([["NAME", "VERSION", "FROM", "SUMMARY"], ...cells]);
      out.json(rows);
    } else if (what === "add" && given !== undefined && more.length === 0) {
      const added = await addDriver(session, given, (found) => agree(call, values.yes, given, found));
      out.text(`Added ${added.title}: machine create -d ${added.name}`);
      out.json(await rowOf(session, added.name));
    } else if (what === "rm" && given !== undefined && more.length === 0) {
      await removeDriver(session, given);
      out.text(`Removed the driver ${given}`);
      out.json({ name: given });
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
  { json, out, terminal }: Pick<Call, "json" | "out" | "terminal">,
  isAgreed: boolean,
  spec: string,
  { title }: DriverPackage,
): Promise<void> {
  out.note(`${title} is a program. It runs with your user's rights: it can read your files, keys and credentials.`);
  if (isAgreed || isYes(await askLine(terminal, "Add it? (y/n): ", json ? out.note : out.raw))) return;
  throw new MachineError("failed", `${title} is not added: nobody agreed`, {
    hint: `without a question: machine driver add --yes ${spec}`,
  });
}
