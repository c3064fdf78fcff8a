import { planMachine, type PlannedMachine } from "../../core/create/plan.js";
import { createMachines } from "../../core/create/create-many.js";
import { listMachines } from "../../core/inspect/list.js";
import type { Session } from "../../core/session/session.js";
import { unfinished } from "../../core/inspect/status.js";
import { MachineError, messageOf, combineErrors, settleAll, whileDoing } from "../../driver/index.js";
import { encodeJson } from "../../store/json.js";
import { defineCommand, type Call } from "../../cli/command.js";
import { labOptions } from "./entries.js";
import { readLab, type LabMachine } from "./file.js";
import { labSchema } from "./schema.js";
import { removeMachines, removeOptions } from "../rm.js";

type LabCall = Call<typeof removeOptions>;

/** What is done with the machines of a file. */
const verbs: Readonly<Record<string, (call: LabCall, file: string) => Promise<void>>> = { up, down, status };

export const lab = defineCommand({
  usage: "up [FILE] | down [FILE] | status [FILE] | schema",
  options: removeOptions,
  usesSettings: true,
  async run(call) {
    const { args, values } = call;
    const [what = "", file = "lab.yaml"] = args;
    const verb = Object.hasOwn(verbs, what) ? verbs[what] : undefined;
    if ((values.force || values.y) && verb !== down) throw new MachineError("usage", "-f and -y are for lab down");
    if (verb !== undefined && args.length <= 2) await verb(call, file);
    else if (what === "schema" && args.length === 1) await schema(call);
    else throw new MachineError("usage", "lab can up, down and status, each of one FILE (lab.yaml), and schema");
  },
});

/** Makes what is missing, and touches nothing that is there. */
async function up(call: LabCall, file: string): Promise<void> {
  const { session, terminal, out } = call;
  const machines = await readLab(call, file);
  const missing = machines.filter(({ isThere }) => !isThere);
  const { made, errors } = await createMachines(session, await planAll(session, missing));
  const halves = await settleAll(machines.filter(({ isThere }) => isThere).map((one) => unfinishedOf(session, one)));
  const there = machines.filter(({ isThere, request }) => isThere || made.has(request.name));
  out.text(
    ...there.map(({ isThere, request }) =>
      isThere ? `${request.name} is there already, and was not touched` : `${request.name} was made`,
    ),
  );
  out.json(there.map(({ isThere, request }) => ({ name: request.name, isNew: !isThere })));
  const failed = missing.flatMap(({ request }) => (made.has(request.name) ? [] : [request.name]));
  const hint = `to make what is missing: ${terminal.program} lab up ${file}`;
  const summary =
    failed.length === 0 ? [] : [new MachineError("failed", `not complete: ${failed.join(", ")}`, { hint })];
  const all = [...errors, ...halves.flat(), ...summary];
  if (all.length > 0) throw combineErrors(all);
}

/** @throws MachineError for what create would refuse, with its place; once where counted machines are refused alike */
async function planAll(session: Session, machines: readonly LabMachine[]): Promise<readonly PlannedMachine[]> {
  const plans = await Promise.allSettled(machines.map(({ request }) => planMachine(session, request)));
  const refusals = plans.flatMap((one, at) =>
    one.status === "rejected" ? [whileDoing(machines[at]?.place ?? "", one.reason)] : [],
  );
  const different = new Map(refusals.map((error) => [messageOf(error), error]));
  if (different.size > 0) throw combineErrors([...different.values()]);
  return plans.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

/** That an earlier create was cut off or its provisioning failed: `up` is not the command that goes on with it. */
async function unfinishedOf({ store }: Session, { request: { name } }: LabMachine): Promise<unknown[]> {
  const journal = await store.readJournal(name);
  if (journal === undefined) return [];
  return [whileDoing(name, unfinished(name, journal.phase))];
}

/** Removes the machines of the file that are there. */
async function down(call: LabCall, file: string): Promise<void> {
  const { out } = call;
  const machines = await readLab(call, file);
  const names = machines.flatMap(({ isThere, request }) => (isThere ? [request.name] : []));
  if (names.length > 0) {
    await removeMachines(call, names);
    return;
  }
  out.note(`None of the machines of ${file} is there.`);
  out.json([]);
}

/** The machines of the file, as `ls` has them, those that are missing among them. */
async function status(call: LabCall, file: string): Promise<void> {
  const { session, terminal, out } = call;
  const machines = await readLab(call, file);
  const stored = (await session.store.list()).filter((one) =>
    machines.some(({ request }) => request.name === one.name),
  );
  const listed = await listMachines(session, stored, { limit: 10_000 });
  const error = `not made: ${terminal.program} lab up ${file}`;
  const rows = machines.map(({ request: { name, driver } }) => {
    const missing = { name, driverName: driver.name, state: "Missing", url: "", error };
    return listed.find((row) => row.name === name) ?? missing;
  });
  const cells = rows.map((row) => [row.name, row.driverName, row.state, row.url, row.error]);
  out.table([["NAME", "DRIVER", "STATE", "URL", "ERRORS"], ...cells]);
  out.json(
    rows.map((row) => {
      const { name, driverName: driver, state } = row;
      return { name, driver, state, url: row.url || null, error: row.error || null };
    }),
  );
}

async function schema({ session, out }: LabCall): Promise<void> {
  out.raw(`${encodeJson(labSchema(await labOptions(session)))}\n`);
}
