import { isObject } from "../driver/index.js";

export function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/**
 * JSON.parse, but whole numbers of which it would lose digits (beyond 2^53) become bigints.
 * @throws Error "unexpected end of JSON input" or "not valid JSON": never with a part of the text, which may be secret
 */
export function parseJson(text: string): unknown {
  const plain = parseQuietly(text);
  return /\d{16}/.test(text) ? parseWithBigIntegers(text) : plain;
}

/**
 * The bytes that Go's json.MarshalIndent(value, "", "    ") gives, so that a file of docker-machine stays as it was:
 * no final newline, `<`, `>`, `&` and the two line separators escaped. Takes bigints; leaves out undefined members.
 * @param indent what Go indents by
 * @throws RangeError for NaN and the infinities
 */
export function encodeJson(value: unknown, indent = "    "): string {
  return encode(value, "\n", indent);
}

function parseQuietly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw withoutText(String(error), text);
  }
}

/** What is wrong, but not V8's message, which quotes the text. */
function withoutText(message: string, text: string): Error {
  const position = /at position (\d+)/.exec(message)?.[1];
  const isAtEnd = /end of JSON input|unterminated/i.test(message) || Number(position) >= text.trimEnd().length;
  return new Error(isAtEnd ? "unexpected end of JSON input" : "not valid JSON");
}

/** Node 20 does not show a reviver the source text, so the numbers travel as strings with a mark nobody can guess. */
function parseWithBigIntegers(text: string): unknown {
  const mark = crypto.randomUUID();
  const marked = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g, (token) => {
    const isTooBig = /^-?\d{16,}$/.test(token) && String(Number(token)) !== token;
    return isTooBig ? `"${mark}${token}"` : token;
  });
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}

/** `line` is a line end and the indent of the line that `value` begins on. */
function encode(value: unknown, line: string, indent: string): string {
  const inner = `${line}${indent}`;
  if (Array.isArray(value)) {
    const items = value.map((item) => encode(item, inner, indent));
    return items.length === 0 ? "[]" : `[${inner}${items.join(`,${inner}`)}${line}]`;
  }
  if (isObject(value)) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${encodeText(key)}: ${encode(member, inner, indent)}`);
    return members.length === 0 ? "{}" : `{${inner}${members.join(`,${inner}`)}${line}}`;
  }
  if (typeof value === "string") return encodeText(value);
  if (typeof value === "number") return encodeNumber(value);
  return typeof value === "bigint" || typeof value === "boolean" ? String(value) : "null";
}

/** Go prints floats by the rules of ECMAScript, but knows a negative zero. */
function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${String(value)} has no JSON form`);
  return Object.is(value, -0) ? "-0" : String(value);
}

const goEscapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
  "\\b": "\\u0008",
  "\\f": "\\u000c",
};

/** The first alternative passes an escaped backslash over, so that a `b` behind it is not taken for `\b`. */
function encodeText(text: string): string {
  return JSON.stringify(text).replace(/\\\\|\\b|\\f|[<>&\u2028\u2029]/g, (found) => goEscapes[found] ?? found);
}
