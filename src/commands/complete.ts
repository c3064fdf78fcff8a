import { driverNames } from "../core/session/registry.js";
import { storeRoot } from "../store/paths.js";
import { readSettings } from "../store/settings.js";
import { openStore } from "../store/store.js";
import { declare, firstArgument, flagIn, isNamed, parseArguments, valuesOf, type Declared } from "../cli/arguments.js";
import { chosenDriver, declaredBy } from "../cli/command-line.js";
import type { Terminal } from "../ui/terminal.js";
import { globalOptions, type Commands } from "../cli/command.js";
import { shellNames } from "./env/shell-syntax.js";

/** A word that may stand where the cursor is, and what a person is told of it. */
type Candidate = readonly [word: string, help?: string];

/**
 * What shells ask for completion: `machine __complete -- WORD...`, the last word being the one at the cursor, which
 * may be empty. Resolves to a line for each candidate, its help behind a tab. Nothing that goes wrong is told: it would
 * stand in the middle of what a person types.
 * @param words those behind `--`
 */
export async function complete(
  words: readonly string[],
  commands: Commands,
  env: Terminal["env"],
): Promise<readonly string[]> {
  const begun = words.at(-1) ?? "";
  const found = await candidates(commands, words.slice(0, -1), begun, env).catch(() => []);
  return found.filter(([word]) => word.startsWith(begun)).map((candidate) => candidate.join("\t"));
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
  const { given } = parseArguments(before.slice(0, at), globals);
  const { storagePath } = globalOptions;
  const root = storeRoot(env, valuesOf({ storagePath }, [given], { env, settings: {} }).storagePath);
  const presets = { env, settings: command.usesSettings === true ? await readSettings(root) : {} };
  const driver = await chosenDriver(command, words, presets, root).catch(() => undefined);
  const declared = command.verbatim === true ? [] : declaredBy(command, driver);
  const flags = ofOptions(declared, words, begun, await driverNames(root));
  // Where a driver can be chosen, a name is that of a machine which is not there yet.
  if (flags !== undefined || command.takesDriver !== undefined) return flags ?? [];
  const machines = () => openStore(root, { command: "", signal: AbortSignal.abort() }).names();
  return ofArgument(command.usage, parseArguments(words, declared).positionals.length, machines);
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
  if (last && last.option.kind !== "boolean") return choicesOf(last, drivers);
  if (!begun.startsWith("-")) return undefined;
  const { name, value } = flagIn(begun) ?? {};
  if (name !== undefined && value !== undefined) {
    const assigned = begun.slice(0, begun.length - value.length);
    const values = declared.filter((one) => isNamed(one, name)).flatMap((one) => choicesOf(one, drivers));
    return values.map(([word]) => [assigned + word]);
  }
  return declared.map(({ flag, option }) => [flag.length === 1 ? `-${flag}` : `--${flag}`, option.help]);
}

function choicesOf({ key, option }: Declared, drivers: readonly string[]): readonly Candidate[] {
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
