import { syntaxError } from "./refusal.js";

type Kind = "flag" | "string" | "uint" | "onoff" | "uuid";

/** An option of a command, as IPRT's RTGetOpt knows it. */
export interface OptionDefinition {
  readonly id: string;
  /** With their dashes; older ones have one. */
  readonly names: readonly string[];
  readonly kind: Kind;
  /** A number follows the name: `--nic1`. */
  readonly indexed?: boolean;
  /** How many further arguments belong to a value. */
  readonly further?: (value: string) => number;
}

export interface Given {
  readonly id: string;
  readonly index: number;
  readonly value: string;
  readonly further: readonly string[];
}

/** A command line: options in their order, and all else. */
export interface Line {
  readonly options: readonly Given[];
  readonly words: readonly string[];
}

/** `option("name", "-name")`; without a kind it takes a string. */
export function option(id: string, kind: Kind = "string", ...aliases: readonly string[]): OptionDefinition {
  return { id, names: [`--${id}`, ...aliases], kind };
}

/**
 * Reads a command line as RTGetOpt does: options and words in any order, `--name=value` and `--name:value` too.
 * @param words how many words there may be
 * @throws Refusal in RTGetOpt's words
 */
export function readLine(table: readonly OptionDefinition[], args: readonly string[], words: number): Line {
  const options: Given[] = [];
  const found: string[] = [];
  const rest = [...args];
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    if (!next.startsWith("-") || next === "-") {
      if (found.length === words) throw syntaxError(`Invalid parameter '${next}'`);
      found.push(next);
    } else options.push(readOption(table, next, rest));
  }
  return { options, words: found };
}

/** The last value of an option; undefined where it was not given. */
export function valueOf(line: Line, id: string): string | undefined {
  return line.options.findLast((each) => each.id === id)?.value;
}

export function has(line: Line, id: string): boolean {
  return line.options.some((each) => each.id === id);
}

function readOption(table: readonly OptionDefinition[], argument: string, rest: string[]): Given {
  for (const definition of table) {
    for (const name of definition.names) {
      const match = matchName(definition, name, argument);
      if (match) return readValue(definition, match, argument, rest);
    }
  }
  throw syntaxError(`Unknown option: ${argument}`);
}

interface Match {
  readonly index: number;
  readonly attached: string | undefined;
}

function matchName(definition: OptionDefinition, name: string, argument: string): Match | undefined {
  if (!argument.startsWith(name)) return undefined;
  const tail = /^(\d*)(?:[=:](.*))?$/s.exec(argument.slice(name.length));
  if (!tail || (tail[1] !== "") !== (definition.indexed === true)) return undefined;
  if (tail[2] !== undefined && definition.kind === "flag") return undefined;
  return { index: Number(tail[1]), attached: tail[2] };
}

function readValue(definition: OptionDefinition, match: Match, argument: string, rest: string[]): Given {
  const base = { id: definition.id, index: match.index };
  if (definition.kind === "flag") return { ...base, value: "", further: [] };
  const value = match.attached ?? rest.shift();
  if (value === undefined) throw missing(definition.names[0] ?? argument);
  check(definition.kind, value);
  const further = rest.splice(0, definition.further?.(value) ?? 0);
  if (further.length < (definition.further?.(value) ?? 0)) throw missing(definition.names[0] ?? argument);
  return { ...base, value: definition.kind === "onoff" ? value.toLowerCase() : value, further };
}

function missing(name: string): Error {
  return syntaxError(`${name}: RTGetOpt: Command line option needs argument.`);
}

/** RTGetOpt calls a switch that is neither on nor off an unknown option. */
function check(kind: Kind, value: string): void {
  if (kind === "onoff" && !/^(on|off)$/i.test(value)) throw syntaxError(`Unknown option: ${value}`);
  const format = kind === "uint" ? /^(0x[\da-f]+|\d+)$/i : kind === "uuid" ? uuidFormat : /^/;
  if (!format.test(value)) throw syntaxError(`Invalid argument format: ${value}`);
}

export const uuidFormat = /^\{?[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\}?$/i;
