import { commonOptions, globalOptions, type Command, type Surroundings } from "./cli/command.js";
import { commands } from "./commands/index.js";
import { resultOf } from "./cli/output.js";
import { findDriver } from "./core/session/registry.js";
import { openSession } from "./core/session/session.js";
import { fromEnv, MachineError, messageOf, resolve, type Options, type Values } from "./driver/index.js";
import type { Settings } from "./store/settings.js";
import { storeRoot } from "./store/paths.js";
import { declare, firstArgument, givenFor, keptFor, parseArguments } from "./cli/arguments.js";
import { reportError } from "./ui/report-error.js";
import { startProgress } from "./ui/progress.js";
import { print, type Terminal } from "./ui/terminal.js";

/** Runs one command line and returns the exit status. Whatever goes wrong is printed here, once. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  const at = firstArgument(argv, declare(globalOptions));
  const [name = "help", ...rest] = argv.slice(at);
  try {
    checkDebug(terminal);
    const declared = declare(globalOptions);
    const typed = givenFor(declared, parseArguments(argv.slice(0, at), declared));
    const globals = resolve(globalOptions, [typed, fromEnv(globalOptions, terminal.env)]);
    if (globals.version) return await run("version", [], argv, globals, terminal);
    if (globals.help || name === "help" || name === "h") return await help(rest[0], [], globals, terminal);
    if (name === "__complete") return await complete(rest, terminal);
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
  terminal: Terminal,
): Promise<number> {
  const command = await load(name, terminal);
  if (command.verbatim === true && /^--?(h|help)$/.test(argv[0] ?? "")) return help(name, argv, globals, terminal);
  const settings = command.usesSettings ? await keptSettings(globals, terminal) : {};
  const words = await understood(command, argv, surroundings(globals, terminal, settings));
  if (words.values.help) return help(name, argv, globals, terminal);
  const json = globals.json || words.values.json;
  const debug = globals.debug || words.values.debug;
  const progress = startProgress(terminal, { json, debug });
  const session = openSession({
    env: terminal.env,
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
  try {
    return (await command.run({ ...words, line: whole, json, ...resultOf(terminal, json), terminal, session })) ?? 0;
  } finally {
    await progress.end();
    await session.close();
  }
}

async function keptSettings({ storagePath }: Globals, { env }: Terminal): Promise<Settings> {
  const { readSettings } = await import("./store/settings.js");
  return readSettings(storeRoot(env, storagePath));
}

function surroundings({ storagePath }: Globals, { env }: Terminal, settings: Settings): Surroundings {
  return { env, settings, findDriver: (name) => findDriver(name, storeRoot(env, storagePath)) };
}

/** What the words after a command's name mean to it. */
async function understood(command: Command, argv: readonly string[], given: Surroundings) {
  const { env, settings } = given;
  const driver = await command.driver?.(argv, given);
  const options = { ...command.options, ...commonOptions };
  const ours = declare(options);
  const theirs = driver === undefined ? [] : declare(driver.options, driver.name);
  const parsed =
    command.verbatim === true
      ? { typed: new Map<never, never>(), positionals: argv }
      : parseArguments(argv, [...ours, ...theirs]);
  const values = resolve(options, [givenFor(ours, parsed), fromEnv(options, env), keptFor(ours, settings)]);
  const chosen = driver && {
    driver,
    values: resolve(
      driver.options,
      [givenFor(theirs, parsed), fromEnv(driver.options, env, driver.name), keptFor(theirs, settings)],
      driver.name,
    ),
  };
  return { args: parsed.positionals, values, chosen };
}

async function load(name: string, terminal: Terminal): Promise<Command> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return entry.load();
  throw new MachineError(
    "failed",
    `docker-machine: '${name}' is not a docker-machine command. See '${terminal.program} --help'.`,
  );
}

async function complete(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { complete } = await import("./commands/complete.js");
  await complete(argv.slice(1), commands, terminal);
  return 0;
}

async function help(
  name: string | undefined,
  argv: readonly string[],
  globals: Globals,
  terminal: Terminal,
): Promise<number> {
  const { commandHelp, programHelp } = await import("./cli/help.js");
  if (name === undefined) {
    const { version } = await import("./version.js");
    const rows = Object.entries(commands).map(([one, { summary }]) => [one, summary] as const);
    print(terminal, programHelp(terminal.program, await version(), rows, globalOptions));
    return 0;
  }
  const command = await load(name, terminal);
  const driver = await command.driver?.(argv, surroundings(globals, terminal, {}));
  const options: Options = { ...command.options, ...commonOptions };
  const sections = [
    { title: "Options", options },
    ...(driver === undefined
      ? []
      : [{ title: `Options of the driver ${driver.name}`, options: driver.options, prefix: driver.name }]),
  ];
  print(terminal, commandHelp(terminal.program, name, command.usage, commands[name]?.summary ?? "", sections));
  return 0;
}
