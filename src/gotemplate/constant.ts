import { failed } from "./error.js";
import { quote } from "./quote.js";
import { float, int, type Value } from "./value.js";

/** The value of a Go number; undefined when it fits uint64 only. Throws Go's text for what is no number. */
export function readNumber(text: string): Value | undefined {
  if (text.endsWith("i")) throw failed(`complex numbers are not supported: ${quote(text)}`);
  const looksFloat = /[.eEpP]/.test(text);
  const integer = readInteger(text);
  if (integer === undefined) {
    const number = readFloat(text);
    if (number === undefined) throw failed(`illegal number syntax: ${quote(text)}`);
    if (!looksFloat) throw failed(`integer overflow: ${quote(text)}`);
    return float(number);
  }
  const isHex = /^0[xX]/.test(text) && !/[pP]/.test(text);
  if (looksFloat && !isHex) return float(Number(integer));
  return integer > maxInt ? undefined : int(integer);
}

/** The code point of a character constant such as 'x' or '\n', as an int. Throws Go's text. */
export function readCharacter(literal: string): Value {
  const inside = literal.slice(1, -1);
  const [first] = tokens(inside, "'");
  if (first === undefined) throw failed("invalid syntax");
  if (first.source !== inside) throw failed(`malformed character constant: ${literal}`);
  return int(first.code);
}

/** The text of a quoted or raw string. Throws Go's text. */
export function readString(literal: string): string {
  const inside = literal.slice(1, -1);
  if (literal.startsWith("`")) return inside.replaceAll("\r", "");
  const bytes = tokens(inside, '"').map(({ code, isByte }) =>
    isByte ? Buffer.of(code) : Buffer.from(String.fromCodePoint(code)),
  );
  return Buffer.concat(bytes).toString();
}

const maxInt = 2n ** 63n - 1n;
const maxUint = 2n ** 64n - 1n;

/** Decimal, 0x, 0o, 0b, and octal by a leading 0; undefined when malformed or outside int64 and uint64. */
function readInteger(source: string): bigint | undefined {
  const [, sign, digits = ""] = /^([+-]?)(.*)$/.exec(withoutSeparators(source)) ?? [];
  const literal = digits.replace(/^0(?=[0-7]+$)/, "0o");
  if (!/^(?:0|[1-9]\d*|0x[\da-f]+|0o[0-7]+|0b[01]+)$/i.test(literal)) return undefined;
  const value = BigInt(literal);
  if (sign === "-") return value <= maxInt + 1n ? -value : undefined;
  return value <= (sign === "+" ? maxInt : maxUint) ? value : undefined;
}

/** Decimal, or hexadecimal with a binary exponent; undefined when malformed or too large. */
function readFloat(source: string): number | undefined {
  const text = withoutSeparators(source);
  const hex = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)p([+-]?\d+)$/i.exec(text);
  if (hex === null) {
    const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
    return Number.isFinite(value) ? value : undefined;
  }
  const [, sign, whole = "", fraction = "", exponent] = hex;
  if (whole + fraction === "") return undefined;
  const value = Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}

/** Drops each `_` between digits or behind a prefix such as 0x; a misplaced one stays, and spoils the number. */
function withoutSeparators(text: string): string {
  return text.replace(/(?<=[\da-fxo])_(?=[\da-f])/gi, "");
}

/** One character of a literal: its source, and the code point or (for \x and octal escapes) the byte it stands for. */
interface Character {
  readonly source: string;
  readonly code: number;
  readonly isByte: boolean;
}

const simpleEscapes: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, "\\": 92 };

/** The characters of a literal's inside. Throws for an escape that Go does not know. */
function tokens(inside: string, delimiter: string): Character[] {
  const sources =
    inside.match(/\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-3][0-7]{2}|[^xuU0-9])|[^\\]|\\/gsu) ?? [];
  return sources.map((source) => readToken(source, delimiter));
}

function readToken(source: string, delimiter: string): Character {
  if (!source.startsWith("\\")) return { source, code: source.codePointAt(0) ?? 0, isByte: false };
  const name = source.slice(1, 2);
  if (name === delimiter) return { source, code: name.charCodeAt(0), isByte: false };
  if (/^[0-7]$/.test(name)) return { source, code: parseInt(source.slice(1), 8), isByte: true };
  const code = /^[xuU]$/.test(name) ? parseInt(source.slice(2), 16) : simpleEscapes[name];
  const isSurrogate = code !== undefined && code >= 0xd800 && code <= 0xdfff;
  if (code === undefined || Number.isNaN(code) || code > 0x10ffff || isSurrogate) throw failed("invalid syntax");
  return { source, code, isByte: name === "x" };
}
