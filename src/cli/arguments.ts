import {
  fromEnv,
  MachineError,
  names,
  resolve,
  type Given,
  type Option,
  type Options,
  type Values,
} from "../driver/index.js";
import type { Settings } from "../store/settings.js";

/** What counts where nothing is typed: variables, then what a person keeps. */
export interface Presets {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: Settings;
}

export interface Arguments {
  /** What was typed, by the names of flags: the last value, of a list all. */
  readonly given: Readonly<Record<string, string | readonly string[]>>;
  readonly positionals: readonly string[];
}

/** An option with the names it has on the command line. */
export interface Declared {
  readonly key: string;
  readonly flag: string;
  readonly option: Option<unknown>;
}

export function declare(options: Options, prefix = ""): Declared[] {
  return Object.entries(options).map(([key, option]) => ({ key, flag: names(key, option, prefix).flag, option }));
}

/**
 * Reads a command line by the grammar of Go's flag package, which docker-machine's scripts are written for: `-flag`
 * is `--flag`, a boolean takes a value only with `=`, `--` ends the flags. Unlike there, flags may stand anywhere.
 * @see https://pkg.go.dev/flag
 * @throws MachineError `usage`
 */
export function parseArguments(argv: readonly string[], declared: readonly Declared[]): Arguments {
  const given: Record<string, string | readonly string[]> = {};
  const positionals: string[] = [];
  const forms = new Map<Declared, string>();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "--") return { given, positionals: [...positionals, ...argv.slice(i + 1)] };
    const read = flagIn(word);
    if (read === undefined) {
      positionals.push(word);
      continue;
    }
    const { name, value: assigned } = read;
    const one = find(declared, name);
    if ((forms.get(one) ?? name) !== name) {
      throw new MachineError("usage", `Cannot use two forms of the same flag: ${one.option.short ?? ""} ${one.flag}`);
    }
    forms.set(one, name);
    const value = one.option.kind === "boolean" ? (assigned ?? "true") : (assigned ?? argv[++i]);
    if (value === undefined) throw new MachineError("usage", `flag needs an argument: -${name}`);
    given[one.flag] = one.option.kind === "list" ? [given[one.flag] ?? [], value].flat() : value;
  }
  return { given, positionals };
}

/**
 * The values of options.
 * @param given raw values by the names of flags, as they are typed or stand in a file; the first goes before the others
 * @param prefix of the flags: the name of the driver whose options they are
 * @throws MachineError `usage`
 */
export function valuesOf<O extends Options>(
  options: O,
  given: readonly Given[],
  { env, settings }: Presets,
  prefix = "",
): Values<O> {
  const declared = declare(options, prefix);
  const byKey = (one: Given): Given => Object.fromEntries(declared.map(({ key, flag }) => [key, one[flag]]));
  return resolve(options, [...given.map(byKey), fromEnv(options, env, prefix), byKey(settings)], prefix);
}

/** A word that is a flag: its name, and its value where that is in the same word. */
export function flagIn(word: string): { readonly name: string; readonly value: string | undefined } | undefined {
  const [, name, value] = /^--?([^=-][^=]*)(?:=([^]*))?$/.exec(word) ?? [];
  return name === undefined ? undefined : { name, value };
}

/** The index of the first word that is neither one of these flags nor the value of one. */
export function firstArgument(argv: readonly string[], declared: readonly Declared[]): number {
  for (let i = 0; i < argv.length; i++) {
    const read = flagIn(argv[i] ?? "");
    if (read === undefined) return i;
    const one = declared.find((each) => isNamed(each, read.name));
    if (one !== undefined && one.option.kind !== "boolean" && read.value === undefined) i++;
  }
  return argv.length;
}

/**
 * The first value of one of these flags, read before it is known which others there are: `--driver X`, `-d X`,
 * `--driver=X` or `-d=X`. What follows `--` does not count.
 */
export function firstValue(argv: readonly string[], declared: readonly Declared[]): string | undefined {
  for (const [index, word] of argv.entries()) {
    if (word === "--") return undefined;
    const read = flagIn(word);
    if (read !== undefined && declared.some((one) => isNamed(one, read.name))) return read.value ?? argv[index + 1];
  }
  return undefined;
}

/** This is one of the option's two names. */
export function isNamed({ flag, option }: Declared, name: string): boolean {
  return flag === name || option.short === name;
}

function find(declared: readonly Declared[], name: string): Declared {
  const one = declared.find((each) => isNamed(each, name));
  if (one === undefined) throw new MachineError("usage", `flag provided but not defined: -${name}`);
  return one;
}
