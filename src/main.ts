import { commonOptions, globalOptions, type Command } from "./cli/command.js";
import { commands } from "./commands/index.js";
import { outputOf } from "./cli/output.js";
import { openSession } from "./core/session/session.js";
import { MachineError, messageOf, type Options, type Values } from "./driver/index.js";
import type { Settings } from "./store/settings.js";
import { storeRoot } from "./store/paths.js";
import { declare, firstArgument, parseArguments, valuesOf } from "./cli/arguments.js";
import { chosenDriver, readCommandLine } from "./cli/command-line.js";
import { reportError } from "./ui/report-error.js";
import { startProgress } from "./ui/progress.js";
import type { Terminal, WritableTerminal } from "./ui/terminal.js";

/** Runs one command line and returns the exit status. Whatever goes wrong is printed here, once. */
export async function main(argv: readonly string[], terminal: WritableTerminal): Promise<number> {
  const at = firstArgument(argv, declare(globalOptions));
  const [name = "help", ...rest] = argv.slice(at);
  try {
    checkDebug(terminal);
    const { given } = parseArguments(argv.slice(0, at), declare(globalOptions));
    const globals = valuesOf(globalOptions, [given], { env: terminal.env, settings: {} });
    if (globals.version) return await run("version", [], argv, globals, terminal);
    if (globals.help || name === "help" || name === "h") return await help(rest[0], [], globals, terminal);
    if (name === "__complete") {
      const { complete } = await import("./commands/complete.js");
      return print(terminal, ...(await complete(rest.slice(1), commands, terminal.env)));
    }
    return await run(name, rest, argv, globals, terminal);
  } catch (error) {
    const json = argv.slice(0, name === "ssh" ? at : argv.length).some((word) => /^--?json(=(1|t|true))?$/i.test(word));
    return reportError(error, json, terminal);
  }
}

/** docker-machine says this of the one variable that goes for every command. */
function checkDebug({ env }: Terminal): void {
  const given = env["MACHINE_DEBUG"];
  try {
    if (given) globalOptions.debug.parse(given);
  } catch (error) {
    throw new MachineError("failed", `Error parsing boolean value from MACHINE_DEBUG: ${messageOf(error)}`);
  }
}

type Globals = Values<typeof globalOptions>;

/** @param whole all that was typed after the program's name */
async function run(
  name: string,
  argv: readonly string[],
  whole: readonly string[],
  globals: Globals,
  terminal: WritableTerminal,
): Promise<number> {
  const command = await load(name, terminal);
  if (command.verbatim === true && /^--?(h|help)$/.test(argv[0] ?? "")) return help(name, argv, globals, terminal);
  const { env } = terminal;
  const presets = { env, settings: command.usesSettings === true ? await keptSettings(globals, env) : {} };
  const words = await readCommandLine(command, argv, presets, storeRoot(env, globals.storagePath));
  if (words.values.help) return help(name, argv, globals, terminal);
  const json = globals.json || words.values.json;
  const debug = globals.debug || words.values.debug;
  const progress = startProgress(terminal, { json, debug });
  const session = openSession({
    env,
    signal: terminal.signal,
    command: `${name} ${words.args.join(" ")}`.trimEnd(),
    storagePath: globals.storagePath,
    tls: globals,
    report: progress.report,
    tell: progress.above,
    debug: debug ? progress.above : () => undefined,
    ask: async (question) => {
      const { askSecret } = await import("./ui/prompt.js");
      return progress.paused(() => askSecret(terminal, question));
    },
  });
  const out = outputOf(terminal, json, progress.above);
  try {
    return (await command.run({ ...words, line: whole, presets, json, out, terminal, session })) ?? 0;
  } finally {
    await progress.end();
    await session.close();
  }
}

async function keptSettings({ storagePath }: Globals, env: Terminal["env"]): Promise<Settings> {
  const { readSettings } = await import("./store/settings.js");
  return readSettings(storeRoot(env, storagePath));
}

async function load(name: string, terminal: Terminal): Promise<Command> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry.load();
  const what = `'${name}' is not a docker-machine command`;
  throw new MachineError("failed", `docker-machine: ${what}. See '${terminal.program} --help'.`);
}

/** What is asked of the program itself is text, with `--json` as well. */
function print({ write }: WritableTerminal, ...lines: readonly string[]): number {
  for (const line of lines) write(`${line}\n`);
  return 0;
}

async function help(
  name: string | undefined,
  argv: readonly string[],
  { storagePath }: Globals,
  terminal: WritableTerminal,
): Promise<number> {
  const { commandHelp, programHelp } = await import("./cli/help.js");
  if (name === undefined) {
    const { version } = await import("./version.js");
    const rows = Object.entries(commands).map(([one, { summary }]) => [one, summary] as const);
    return print(terminal, programHelp(terminal.program, await version(), rows, globalOptions));
  }
  const command = await load(name, terminal);
  const driver = await chosenDriver(
    command,
    argv,
    { env: terminal.env, settings: {} },
    storeRoot(terminal.env, storagePath),
  );
  const options: Options = { ...command.options, ...commonOptions };
  const sections = [
    { title: "Options", options },
    ...(driver === undefined
      ? []
      : [{ title: `Options of the driver ${driver.name}`, options: driver.options, prefix: driver.name }]),
  ];
  return print(terminal, commandHelp(terminal.program, name, command.usage, commands[name]?.summary ?? "", sections));
}
