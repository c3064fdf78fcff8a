import { createMachine, resumeMachine } from "../../core/create/create.js";
import { describePlan, planMachine, type PlannedMachine } from "../../core/create/plan.js";
import { clientUrl } from "../../core/clients/url.js";
import type { Host } from "../../core/host/host.js";
import { boolean, MachineError } from "../../driver/index.js";
import { encodeJson } from "../../store/json.js";
import { isPerson } from "../../ui/terminal.js";
import { defineCommand, type Call } from "../../cli/command.js";
import { machineOptions, provisionOf, requestsOf } from "./request.js";
import type { Answers } from "./wizard.js";

const options = {
  ...machineOptions,
  dryRun: boolean({ help: "Check everything, print the plan as JSON and make nothing" }),
  resume: boolean({ help: "Go on with a create that was cut off" }),
  interactive: boolean({
    help: "Ask for driver, name and the rest, as it is done where no name is typed at a terminal",
  }),
};

export const create = defineCommand({
  usage: "[OPTIONS] NAME",
  options,

  takesDriver: "always",

  usesSettings: true,

  async run(call) {
    const { args, values, session, out } = call;
    if (args.length > 1) {
      throw new MachineError("failed", `Invalid command line. Found extra arguments [${args.slice(1).join(" ")}]`);
    }
    const host = values.resume ? await resume(call) : await make(call);
    if (host === undefined) return;
    // An engine that somebody else looks after was not asked.
    if (host.driver.access(host.state).shell !== undefined) out.text("Docker is up and running!");
    out.text(
      "To see how to connect your Docker Client to the Docker Engine running on " +
        `this virtual machine, run: ${call.terminal.program} env ${host.name}`,
    );
    out.json({ name: host.name, driver: host.driver.name, url: await clientUrl(session, host) });
  },
});

type CreateCall = Call<typeof options>;

async function resume({ args, values, session }: CreateCall): Promise<Host> {
  if (values.dryRun || values.interactive) {
    const other = values.dryRun ? "--dry-run" : "--interactive";
    throw new MachineError("usage", `${other} is for a machine that is not there yet, --resume for one that is`);
  }
  const name = needName(args[0]);
  return resumeMachine(session, name, {
    keepOnFailure: values.keepOnFailure,
    provision: provisionOf(name, values, session),
  });
}

/** Undefined where nothing is to be made, or not now. */
async function make(call: CreateCall): Promise<Host | undefined> {
  const { values, session, out } = call;
  const planned = await plannedBy(call);
  if (planned === undefined) out.json(null);
  else if (values.dryRun) out.raw(`${encodeJson(await describePlan(session, planned))}\n`);
  else return createMachine(session, planned);
  return undefined;
}

/** What was typed; the wizard asks for it where somebody wants to be asked, or types no name at a terminal. */
async function plannedBy(call: CreateCall): Promise<PlannedMachine | undefined> {
  const { args, values, chosen, presets, session, terminal } = call;
  const [name] = args;
  if (chosen === undefined) throw new TypeError("create has no driver");
  const requestFor = requestsOf(values, call);
  const plan = (answers: Answers): Promise<PlannedMachine> =>
    planMachine(session, requestFor(answers), { dryRun: values.dryRun });
  if (!values.interactive && (name !== undefined || !isPerson(terminal)))
    return plan({ name: needName(name), ...chosen });
  if (!isPerson(terminal)) throw new MachineError("usage", "--interactive needs a terminal to ask at");
  const { interview, chosenFlags } = await import("./wizard.js");
  const others = Object.entries(machineOptions).filter(([key]) => key !== "driver");
  const own = chosenFlags(Object.fromEntries(others), values);
  return interview({ session, presets, terminal, known: { name, ...chosen }, plan, own });
}

function needName(name: string | undefined): string {
  if (name === undefined) throw new MachineError("failed", "Error: No machine name specified");
  return name;
}
