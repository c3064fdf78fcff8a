import { createMachine, planMachine, resumeMachine } from "../../core/create/create.js";
import { clientUrl } from "../../core/clients/url.js";
import { loadHost } from "../../core/host/host.js";
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
    const name = values.resume ? await resume(call) : await make(call);
    if (name === undefined) return;
    const host = await loadHost(session, name);
    // An engine that somebody else looks after was not asked.
    if (host.driver.access(host.machine.state).shell !== undefined) out.text("Docker is up and running!");
    out.text(
      "To see how to connect your Docker Client to the Docker Engine running on " +
        `this virtual machine, run: ${call.terminal.program} env ${name}`,
    );
    out.json({ name, driver: host.driver.name, url: await clientUrl(session, host) });
  },
});

type CreateCall = Call<typeof options>;

async function resume({ args, values, session }: CreateCall): Promise<string> {
  if (values.dryRun || values.interactive) {
    const other = values.dryRun ? "--dry-run" : "--interactive";
    throw new MachineError("usage", `${other} is for a machine that is not there yet, --resume for one that is`);
  }
  const name = needName(args[0]);
  await resumeMachine(session, name, {
    keepOnFailure: values.keepOnFailure,
    provision: provisionOf(name, values, session),
  });
  return name;
}

/** Undefined where nothing is to be made, or not now. */
async function make(call: CreateCall): Promise<string | undefined> {
  const { values, session, out } = call;
  const requestFor = requestsOf(values, call);
  const answers = await answersOf(call, (given) => planMachine(session, requestFor(given)));
  if (answers === undefined) {
    out.json(null);
    return undefined;
  }
  if (values.dryRun) {
    out.raw(`${encodeJson(await planMachine(session, requestFor(answers)))}\n`);
    return undefined;
  }
  await createMachine(session, requestFor(answers));
  return answers.name;
}

/** What was typed; the wizard asks for it where somebody wants to be asked, or types no name at a terminal. */
async function answersOf(
  { args, values, chosen, presets, session, terminal }: CreateCall,
  check: (answers: Answers) => Promise<unknown>,
): Promise<Answers | undefined> {
  const [name] = args;
  if (chosen === undefined) throw new TypeError("create has no driver");
  if (!values.interactive && (name !== undefined || !isPerson(terminal))) return { name: needName(name), ...chosen };
  if (!isPerson(terminal)) throw new MachineError("usage", "--interactive needs a terminal to ask at");
  const { interview, chosenFlags } = await import("./wizard.js");
  const others = Object.entries(machineOptions).filter(([key]) => key !== "driver");
  const own = chosenFlags(Object.fromEntries(others), values);
  return interview({ session, presets, terminal, known: { name, ...chosen }, check, own });
}

function needName(name: string | undefined): string {
  if (name === undefined) throw new MachineError("failed", "Error: No machine name specified");
  return name;
}
