import { MachineError, names, type Given, type Option, type Options } from "../driver/index.js";

export interface Arguments {
  /** Every value that was typed for an option, in order. */
  readonly typed: ReadonlyMap<Declared, readonly string[]>;
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
  const typed = new Map<Declared, readonly string[]>();
  const positionals: string[] = [];
  const forms = new Map<Declared, string>();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "--") return { typed, positionals: [...positionals, ...argv.slice(i + 1)] };
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
    typed.set(one, [...(typed.get(one) ?? []), value]);
  }
  return { typed, positionals };
}

/** What was typed of these options, by their keys: the last value, of a list all. */
export function givenFor(declared: readonly Declared[], { typed }: Arguments): Given {
  return Object.fromEntries(
    declared.map((one) => [one.key, one.option.kind === "list" ? typed.get(one) : typed.get(one)?.at(-1)]),
  );
}

/** What is kept for these options by the names of their flags, by their keys. */
export function keptFor(declared: readonly Declared[], kept: Readonly<Record<string, unknown>>): Given {
  return Object.fromEntries(declared.map(({ key, flag }) => [key, kept[flag]]));
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

/** This is one of the option's two names. */
export function isNamed({ flag, option }: Declared, name: string): boolean {
  return flag === name || option.short === name;
}

function find(declared: readonly Declared[], name: string): Declared {
  const one = declared.find((each) => isNamed(each, name));
  if (one === undefined) throw new MachineError("usage", `flag provided but not defined: -${name}`);
  return one;
}
