import { driverNames, findDriver } from "../core/session/registry.js";
import { storeRoot } from "../store/paths.js";
import { readSettings } from "../store/settings.js";
import { openStore } from "../store/store.js";
import { declare, firstArgument, flagIn, givenFor, isNamed, parseArguments, type Declared } from "../cli/arguments.js";
import { print, type Terminal } from "../ui/terminal.js";
import { commonOptions, globalOptions, type Command, type Commands } from "../cli/command.js";
import { shellNames } from "./env/shell-syntax.js";

/** A word that may stand where the cursor is, and what a person is told of it. */
type Candidate = readonly [word: string, help?: string];

/**
 * What shells ask for completion: `machine __complete -- WORD...`, the last word being the one at the cursor, which
 * may be empty. Prints a line for each candidate, its help behind a tab. Nothing that goes wrong is told: it would
 * stand in the middle of what a person types.
 * @param words those behind `--`
 */
export async function complete(words: readonly string[], commands: Commands, terminal: Terminal): Promise<void> {
  const begun = words.at(-1) ?? "";
  const found = await candidates(commands, words.slice(0, -1), begun, terminal.env).catch(() => []);
  for (const candidate of found) if (candidate[0].startsWith(begun)) print(terminal, candidate.join("\t"));
}

/** @param before the words that are complete */
async function candidates(
  commands: Commands,
  before: readonly string[],
  begun: string,
  env: Terminal["env"],
): Promise<readonly Candidate[]> {
  const globals = declare(globalOptions);
  const at = firstArgument(before, globals);
  const [name, ...words] = before.slice(at);
  if (name === undefined) return ofOptions(globals, before, begun, []) ?? commandNames(commands);
  if (name === "help") return words.length === 0 ? commandNames(commands) : [];
  const command = await commands[name]?.load();
  if (command === undefined) return [];
  const { storagePath } = givenFor(globals, parseArguments(before.slice(0, at), globals));
  const root = storeRoot(env, (storagePath ?? env["MACHINE_STORAGE_PATH"]) as string | undefined);
  const declared = await declaredBy(command, words, env, root);
  const flags = ofOptions(declared, words, begun, await driverNames(root));
  // Where a driver can be chosen, a name is that of a machine which is not there yet.
  if (flags !== undefined || command.driver !== undefined) return flags ?? [];
  const machines = () => openStore(root, { command: "", signal: AbortSignal.abort() }).names();
  return ofArgument(command.usage, parseArguments(words, declared).positionals.length, machines);
}

/** All flags that the command takes, those of the driver that the words choose included. */
async function declaredBy(
  command: Command,
  words: readonly string[],
  env: Terminal["env"],
  root: string,
): Promise<Declared[]> {
  if (command.verbatim === true) return [];
  const settings = command.usesSettings === true ? await readSettings(root) : {};
  const driver = await command
    .driver?.(words, { env, settings, findDriver: (name) => findDriver(name, root) })
    .catch(() => undefined);
  const own = declare({ ...command.options, ...commonOptions });
  return driver === undefined ? own : [...own, ...declare(driver.options, driver.name)];
}

/** Flags where one is begun, the values of one before or with its `=`; undefined where nothing of that is the case. */
function ofOptions(
  declared: readonly Declared[],
  before: readonly string[],
  begun: string,
  drivers: readonly string[],
): readonly Candidate[] | undefined {
  const read = flagIn(before.at(-1) ?? "");
  const last = read?.value === undefined && declared.find((one) => read !== undefined && isNamed(one, read.name));
  if (last && last.option.kind !== "boolean") return valuesOf(last, drivers);
  if (!begun.startsWith("-")) return undefined;
  const { name, value } = flagIn(begun) ?? {};
  if (name !== undefined && value !== undefined) {
    const assigned = begun.slice(0, begun.length - value.length);
    const values = declared.filter((one) => isNamed(one, name)).flatMap((one) => valuesOf(one, drivers));
    return values.map(([word]) => [assigned + word]);
  }
  return declared.map(({ flag, option }) => [flag.length === 1 ? `-${flag}` : `--${flag}`, option.help]);
}

function valuesOf({ key, option }: Declared, drivers: readonly string[]): readonly Candidate[] {
  if (option.choices !== undefined) return option.choices.map((choice) => [choice]);
  if (key === "driver") return drivers.map((name) => [name]);
  return key === "shell" ? shellNames.map((name) => [name]) : [];
}

/** By what a command's usage says of its arguments: `NAME`, `NAME...`, `machine:path`, `ls|rm`, `ls | pull IMAGE`. */
async function ofArgument(
  usage: string,
  position: number,
  machines: () => Promise<readonly string[]>,
): Promise<readonly Candidate[]> {
  if (usage.includes(" | ")) return position > 0 ? [] : usage.split(" | ").map((one) => [one.split(" ")[0] ?? ""]);
  const places = usage.split(" ").filter((word) => word !== "[OPTIONS]");
  const last = places.at(-1);
  const place = places[position] ?? (last?.includes("...") === true ? last : "");
  if (/^\[?NAME\b/.test(place)) return (await machines()).map((name) => [name]);
  if (place.includes("machine:")) return (await machines()).map((name) => [`${name}:`]);
  return /^[a-z]+(\|[a-z]+)+$/.test(place) ? place.split("|").map((word) => [word]) : [];
}

function commandNames(commands: Commands): readonly Candidate[] {
  return [...Object.entries(commands).map(([name, { summary }]): Candidate => [name, summary]), ["help", "Show help"]];
}
