import { formatFloat } from "./float.js";
import { canBackquote, character, quote, quoteRune, unicodeName } from "./quote.js";
import { type Int, isNil, typeOf, unbox, type Value } from "./value.js";

/** One verb of a format with its flags, as Go's package fmt documents them. */
export interface Directive {
  readonly verb: string;
  readonly width?: number | undefined;
  readonly precision?: number | undefined;
  readonly minus?: boolean;
  readonly plus?: boolean;
  readonly sharp?: boolean;
  readonly space?: boolean;
  readonly zero?: boolean;
  /** `%+v`: structs with the names of their fields. */
  readonly named?: boolean;
  /** `%#v`: Go syntax. */
  readonly syntax?: boolean;
  /** Inside an error such as `%!t(int=5)`: types do not print themselves. */
  readonly raw?: boolean;
}

/** Pointers are shown as addresses; this stands for each of them. */
const address = 0xc000010000n;

/** The text of `%v` without flags. */
export function display(value: Value | undefined): string {
  return format(value, { verb: "v" });
}

/** One argument under one directive; a verb that does not fit gives Go's `%!d(string=hi)`. */
export function format(argument: Value | undefined, directive: Directive): string {
  const value = unbox(argument);
  const { verb } = directive;
  if (value === undefined) return verb === "v" || verb === "T" ? pad("<nil>", directive) : `%!${verb}(<nil>)`;
  if (verb === "T") return formatText(typeOf(value), { ...directive, verb: "s" });
  if (verb === "p") return formatAddress(value, directive);
  if (value.kind === "pointer" && value.to !== undefined && verb !== "w" && isComposite(value.to)) {
    return `&${formatValue(value.to, directive)}`;
  }
  return formatValue(value, directive);
}

function isComposite({ kind }: Value): boolean {
  return kind === "list" || kind === "map" || kind === "struct";
}

/**
 * A value at any depth; the verb applies to each element of a list, map or struct,
 * but for `w`, which Go keeps for errors and rejects at the first look.
 */
function formatValue(value: Value, directive: Directive): string {
  const { verb, syntax = false, named = false } = directive;
  const inner = (item: Value) => formatValue(item, directive);
  if (verb === "w" && isComposite(value)) return wrongVerb(value, directive);
  switch (value.kind) {
    case "interface":
      if (value.value !== undefined) return inner(value.value);
      return syntax ? "interface {}(nil)" : "<nil>";
    case "bool":
      return verb === "t" || verb === "v" ? pad(String(value.bool), directive) : wrongVerb(value, directive);
    case "int":
      return formatInt(value, directive);
    case "float":
      return formatNumber(value, directive);
    case "string":
      return "vsxXq".includes(verb) ? formatText(value.text, directive) : wrongVerb(value, directive);
    case "pointer":
      return formatAddress(value, directive);
    case "list":
      if (!syntax) return `[${(value.items ?? []).map(inner).join(" ")}]`;
      return value.type + (value.items === undefined ? "(nil)" : `{${value.items.map(inner).join(", ")}}`);
    case "map": {
      const items = Array.from(value.entries, ([key, item]) => `${formatText(key, directive)}:${inner(item)}`);
      return syntax ? `${value.type}{${items.join(", ")}}` : `map[${items.join(" ")}]`;
    }
    case "struct": {
      const items = Array.from(value.fields, ([name, item]) => (named || syntax ? `${name}:` : "") + inner(item));
      return syntax ? `${value.type}{${items.join(", ")}}` : `{${items.join(" ")}}`;
    }
  }
}

function wrongVerb(value: Value, directive: Directive): string {
  return `%!${directive.verb}(${typeOf(value)}=${format(value, { ...directive, verb: "v", raw: true })})`;
}

/** Strings under v, s, q, x and X; another verb is an error (reached for the keys of a map). */
function formatText(text: string, directive: Directive): string {
  const { verb, precision, plus = false, sharp = false, syntax = false } = directive;
  if (verb === "x" || verb === "X") return formatBytes(text, directive);
  const cut = precision === undefined ? text : Array.from(text).slice(0, precision).join("");
  if (verb === "q" || (verb === "v" && syntax)) {
    return pad(sharp && canBackquote(cut) ? `\`${cut}\`` : quote(cut, plus), directive);
  }
  if (verb === "s" || verb === "v") return pad(cut, directive);
  return wrongVerb({ kind: "string", text }, directive);
}

/** The bytes of a text in hexadecimal; `space` separates them, `sharp` prefixes 0x. */
function formatBytes(text: string, directive: Directive): string {
  const { precision, sharp = false, space = false, verb } = directive;
  const bytes = Array.from(Buffer.from(text).subarray(0, precision), (byte) => byte.toString(16).padStart(2, "0"));
  if (bytes.length === 0) return pad("", directive);
  const prefix = sharp ? "0x" : "";
  const hex = space ? bytes.map((byte) => prefix + byte).join(" ") : prefix + bytes.join("");
  return pad(verb === "X" ? hex.toUpperCase() : hex, directive);
}

function formatInt(value: Int, directive: Directive): string {
  const { verb, raw = false, syntax = false, sharp = false, plus = false, precision } = directive;
  if (value.text !== undefined && !raw && !syntax && "vsxXq".includes(verb)) return formatText(value.text, directive);
  const spaced = { ...directive, zero: false };
  switch (verb) {
    case "v":
      return syntax && value.type.startsWith("u")
        ? formatDigits(value.int, 16, { ...directive, sharp: true })
        : formatDigits(value.int, 10, directive);
    case "d":
      return formatDigits(value.int, 10, directive);
    case "b":
      return formatDigits(value.int, 2, directive);
    case "o":
    case "O":
      return formatDigits(value.int, 8, directive);
    case "x":
    case "X":
      return formatDigits(value.int, 16, directive);
    case "c":
      return pad(character(value.int), directive);
    case "q":
      return pad(quoteRune(value.int, plus), directive);
    case "U":
      return pad(unicodeName(value.int, { named: sharp, digits: Math.max(4, precision ?? 0) }), spaced);
    default:
      return wrongVerb(value, directive);
  }
}

/** An integer in a base; a precision, or else zero padding, sets the least number of digits. */
function formatDigits(value: bigint, base: number, directive: Directive): string {
  const { verb, width, precision, plus = false, sharp = false, space = false, zero = false } = directive;
  const spaced = { ...directive, zero: false };
  if (precision === 0 && value === 0n) return pad("", spaced);
  const sign = value < 0n ? "-" : plus ? "+" : space ? " " : "";
  const least = precision ?? (zero ? (width ?? 0) - sign.length : 0);
  const digits = (value < 0n ? -value : value).toString(base).padStart(least, "0");
  const prefix = basePrefix(base, verb, sharp, digits);
  const text = `${prefix}${digits}`;
  return pad(sign + (verb === "X" ? text.toUpperCase() : text), spaced);
}

function basePrefix(base: number, verb: string, sharp: boolean, digits: string): string {
  if (verb === "O") return sharp && !digits.startsWith("0") ? "0o0" : "0o";
  if (!sharp) return "";
  if (base === 8) return digits.startsWith("0") ? "" : "0";
  return base === 2 ? "0b" : base === 16 ? "0x" : "";
}

function formatNumber(value: Value & { kind: "float" }, directive: Directive): string {
  const { verb, width = 0, plus = false, sharp = false, space = false, zero = false } = directive;
  if (!"vbgGxXfFeE".includes(verb)) return wrongVerb(value, directive);
  const letter = verb === "v" ? "g" : (verb.toLowerCase() as "b" | "e" | "f" | "g" | "x");
  const precision = directive.precision ?? (letter === "e" || letter === "f" ? 6 : undefined);
  const negative = value.float < 0 || Object.is(value.float, -0);
  const sign = negative ? "-" : plus ? "+" : space ? " " : "";
  const plain = formatFloat(Math.abs(value.float), letter, precision);
  const digits = sharp && letter !== "b" ? withPoint(plain, "vgGx".includes(verb), precision) : plain;
  const padded = zero ? digits.padStart(width - sign.length, "0") : digits;
  return pad(sign + (verb === verb.toUpperCase() ? padded.toUpperCase() : padded), directive);
}

/** The flag `#`: always a decimal point, and for some verbs zeros up to the precision, or six digits (`x` counts). */
function withPoint(text: string, filled: boolean, precision: number | undefined): string {
  const [, number = "", exponent = ""] = /^(0x[^p]*|[^e]*)(.*)$/.exec(text) ?? [];
  const pointed = number.includes(".") ? number : `${number}.`;
  if (!filled) return pointed + exponent;
  const seen = pointed.replace(".", "").replace(/^0+/, "").length;
  const missing = (precision ?? 6) - Math.max(seen, number === "0" ? 1 : 0);
  return pointed + "0".repeat(Math.max(missing, 0)) + exponent;
}

function formatAddress(value: Value, directive: Directive): string {
  const { verb, syntax = false, sharp = false } = directive;
  if (value.kind !== "pointer" && value.kind !== "list" && value.kind !== "map") return wrongVerb(value, directive);
  const at = isNil(value) ? 0n : address;
  if (verb === "v" && syntax) return `(${value.type})(${at === 0n ? "nil" : `0x${at.toString(16)}`})`;
  if (verb === "v" && at === 0n) return pad("<nil>", directive);
  if (verb === "v" || verb === "p") return formatDigits(at, 16, { ...directive, sharp: !sharp });
  if ("bodxX".includes(verb)) return formatInt({ kind: "int", type: "uintptr", int: at }, directive);
  return wrongVerb(value, directive);
}

/** Fills up to the width, which counts code points, on the left unless the flag `-` says otherwise. */
function pad(text: string, { width = 0, minus = false, zero = false }: Directive): string {
  const missing = Math.max(width - Array.from(text).length, 0);
  return minus ? text + " ".repeat(missing) : (zero ? "0" : " ").repeat(missing) + text;
}
