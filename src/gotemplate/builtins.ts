import { isEqual, isLess } from "./compare.js";
import { failed } from "./error.js";
import { escapeHtml, escapeJs, escapeQuery } from "./escape.js";
import type { GoFunction } from "./function.js";
import { print, printf, println } from "./print.js";
import { bool, indirect, int, isTrue, string, typeOf, unbox, type Value } from "./value.js";

type BuiltinArguments = readonly (Value | undefined)[];

/** The functions every template has. */
export const builtins: Readonly<Record<string, GoFunction>> = {
  and: { parameters: ["value"], variadic: "value", stopsAt: false, call: (args) => args.at(-1) },
  or: { parameters: ["value"], variadic: "value", stopsAt: true, call: (args) => args.at(-1) },
  not: { parameters: ["value"], call: ([value]) => bool(!isTrue(value)) },

  eq: { parameters: ["value"], variadic: "value", call: ([first, ...others]) => bool(isEqual(first, others)) },
  ne: { parameters: ["value", "value"], call: ([left, right]) => bool(!isEqual(left, [right])) },
  lt: { parameters: ["value", "value"], call: ([left, right]) => bool(isLess(left, right)) },
  le: { parameters: ["value", "value"], call: ([left, right]) => bool(isLess(left, right) || isEqual(left, [right])) },
  gt: {
    parameters: ["value", "value"],
    call: ([left, right]) => bool(!isLess(left, right) && !isEqual(left, [right])),
  },
  ge: { parameters: ["value", "value"], call: ([left, right]) => bool(!isLess(left, right)) },

  index: { parameters: ["value"], variadic: "value", call: ([item, ...keys]) => index(item, keys) },
  slice: { parameters: ["value"], variadic: "value", call: ([item, ...bounds]) => slice(item, bounds) },
  call: { parameters: ["value"], variadic: "value", call: ([called]) => call(called) },
  len: { parameters: ["value"], call: ([item]) => int(length(item)) },

  print: { parameters: [], variadic: "any", call: (args) => string(print(args)) },
  printf: {
    parameters: ["string"],
    variadic: "any",
    call: ([format, ...args]) => string(printf(textOf(format), args)),
  },
  println: { parameters: [], variadic: "any", call: (args) => string(println(args)) },
  html: { parameters: [], variadic: "any", call: (args) => string(escapeHtml(joined(args))) },
  js: { parameters: [], variadic: "any", call: (args) => string(escapeJs(joined(args))) },
  urlquery: { parameters: [], variadic: "any", call: (args) => string(escapeQuery(joined(args))) },
};

/** What an action prints for a value: pointers are followed, and what is missing reads `<no value>`. */
export function printable(value: Value | undefined): Value {
  return (value?.kind === "pointer" ? indirect(value) : value) ?? string("<no value>");
}

/** `index x 1 "a"` is x[1]["a"]. A key that a map does not have gives the zero value of its type. */
function index(given: Value | undefined, keys: BuiltinArguments): Value | undefined {
  const start = unbox(given);
  if (start === undefined) throw failed("index of untyped nil");
  return keys.reduce<Value>((item, key) => indexOnce(item, unbox(key)), start);
}

function indexOnce(given: Value, key: Value | undefined): Value {
  const item = indirect(given);
  switch (item.kind) {
    case "interface":
    case "pointer":
      throw failed("index of nil pointer");
    case "list": {
      const items = item.items ?? [];
      return items[position(key, items.length)] ?? outOfRange("slice");
    }
    case "string": {
      const bytes = Buffer.from(item.text);
      const byte = bytes[position(key, bytes.length)];
      return byte === undefined ? outOfRange("string") : int(byte, "uint8");
    }
    case "map":
      if (key === undefined) throw failed("value is nil; should be of type string");
      if (key.kind !== "string") throw failed(`value has type ${typeOf(key)}; should be string`);
      return item.entries.get(key.text) ?? item.zero;
    default:
      throw failed(`can't index item of type ${typeOf(item)}`);
  }
}

/** One behind the end passes Go's own check, and fails in package reflect. */
function outOfRange(what: string): never {
  throw failed(`reflect: ${what} index out of range`);
}

function position(key: Value | undefined, length: number): number {
  if (key === undefined) throw failed("cannot index slice/array with nil");
  if (key.kind !== "int") throw failed(`cannot index slice/array with type ${typeOf(key)}`);
  if (key.int < 0n || key.int > BigInt(length)) throw failed(`index out of range: ${String(key.int)}`);
  return Number(key.int);
}

/** `slice x 1 2` is x[1:2]; strings are cut by bytes. A list's capacity counts as its length. */
function slice(given: Value | undefined, bounds: BuiltinArguments): Value {
  const item = unbox(given);
  if (item === undefined) throw failed("slice of untyped nil");
  if (bounds.length > 3) throw failed(`too many slice indexes: ${String(bounds.length)}`);
  if (item.kind === "string") {
    if (bounds.length === 3) throw failed("cannot 3-index slice a string");
    const bytes = Buffer.from(item.text);
    const [from, to] = range(bounds, bytes.length);
    return string(bytes.subarray(from, to).toString());
  }
  if (item.kind !== "list") throw failed(`can't slice item of type ${typeOf(item)}`);
  const [from, to] = range(bounds, (item.items ?? []).length);
  return { ...item, items: item.items?.slice(from, to) };
}

function range(bounds: BuiltinArguments, length: number): [from: number, to: number] {
  const [from = 0, to = length, end = length] = bounds.map((bound) => position(bound, length));
  if (from > to) throw failed(`invalid slice index: ${String(from)} > ${String(to)}`);
  if (to > end) throw failed(`invalid slice index: ${String(to)} > ${String(end)}`);
  return [from, to];
}

/** The bytes of a string, or the elements of a list or map. */
function length(given: Value | undefined): number {
  if (given === undefined) throw failed("reflect: call of reflect.Value.Type on zero Value");
  const item = indirect(given);
  switch (item.kind) {
    case "interface":
    case "pointer":
      throw failed("len of nil pointer");
    case "string":
      return Buffer.byteLength(item.text);
    case "list":
      return (item.items ?? []).length;
    case "map":
      return item.entries.size;
    case "bool":
    case "float":
    case "int":
    case "struct":
      throw failed(`len of type ${typeOf(item)}`);
  }
}

/** No value here is a function. */
function call(given: Value | undefined): never {
  const called = unbox(given);
  throw failed(called === undefined ? "call of nil" : `non-function of type ${typeOf(called)}`);
}

function joined(args: BuiltinArguments): string {
  return print(args.map(printable));
}

function textOf(value: Value | undefined): string {
  return value?.kind === "string" ? value.text : "";
}
