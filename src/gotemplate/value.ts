/**
 * A value as Go's templates see it: what prints, compares and fails depends on the Go type, which JavaScript lacks.
 * `undefined` in place of a Value is Go's "no value": a key that a map does not have.
 */
export type Value =
  | { readonly kind: "bool"; readonly bool: boolean }
  | Int
  | { readonly kind: "float"; readonly float: number }
  | { readonly kind: "string"; readonly text: string }
  /** A slice; `items` is absent when it is nil. */
  | { readonly kind: "list"; readonly type: string; readonly items: readonly Value[] | undefined }
  /** Keys are in byte order. `zero` is what `index` finds under a key that is not there. */
  | { readonly kind: "map"; readonly type: string; readonly entries: ReadonlyMap<string, Value>; readonly zero: Value }
  | { readonly kind: "struct"; readonly type: string; readonly fields: ReadonlyMap<string, Value> }
  /** `to` is absent when the pointer is nil. */
  | { readonly kind: "pointer"; readonly type: string; readonly to: Value | undefined }
  /** An element of a list or map of any type: Go's errors call it `interface {}`. `value` is absent for null. */
  | { readonly kind: "interface"; readonly value: Value | undefined };

/** An integer of any size and sign; with `text` it is a fmt.Stringer, and prints so. */
export interface Int {
  readonly kind: "int";
  readonly type: string;
  readonly int: bigint;
  readonly text?: string;
  readonly methods?: Readonly<Record<string, Value>>;
}

/** The fields of a struct, in order; strings, booleans and lists of strings may be given as they are. */
export type StructFields = Readonly<Record<string, string | boolean | readonly string[] | Value>>;

/** What Go's encoding/json makes of parsed JSON: numbers are float64, objects map[string]interface {}. */
export function fromJson(json: unknown): Value {
  switch (typeof json) {
    case "boolean":
      return bool(json);
    case "number":
      return float(json);
    case "bigint":
      return int(json);
    case "string":
      return string(json);
    case "object":
      if (json === null) return nothing;
      if (Array.isArray(json)) return { kind: "list", type: "[]interface {}", items: json.map(boxed) };
      return mapOf(
        "map[string]interface {}",
        nothing,
        Object.entries(json).map(([key, item]) => [key, boxed(item)]),
      );
    default:
      throw new TypeError(`not a JSON value: ${typeof json}`);
  }
}

/** A Go struct; `type` is as errors name it, e.g. `commands.HostListItem`. */
export function struct(type: string, fields: StructFields): Value {
  return {
    kind: "struct",
    type,
    fields: new Map(Object.entries(fields).map(([name, field]) => [name, fieldValue(field)])),
  };
}

/** A pointer to a value. */
export function pointer(to: Value): Value {
  return { kind: "pointer", type: `*${typeOf(to)}`, to };
}

/** The nil pointer to a type, e.g. `swarm.Options`. */
export function nilPointer(type: string): Value {
  return { kind: "pointer", type: `*${type}`, to: undefined };
}

/** A map[string]string. */
export function stringMap(entries: Readonly<Record<string, string>>): Value {
  return mapOf(
    "map[string]string",
    string(""),
    Object.entries(entries).map(([key, text]) => [key, string(text)]),
  );
}

export function strings(items: readonly string[]): Value {
  return { kind: "list", type: "[]string", items: items.map(string) };
}

export function string(text: string): Value {
  return { kind: "string", text };
}

export function bool(value: boolean): Value {
  return { kind: "bool", bool: value };
}

export function float(value: number): Value {
  return { kind: "float", float: value };
}

/** An integer; `type` names another than int, e.g. `uint8`. */
export function int(value: number | bigint, type = "int"): Value {
  return { kind: "int", type, int: BigInt(value) };
}

/** An integer type with a String method, e.g. state.State: prints `text`, compares as the number. */
export function stringer(type: string, value: number, text: string): Value {
  return { kind: "int", type, int: BigInt(value), text, methods: { String: string(text) } };
}

/** A time.Duration of whole nanoseconds; prints as `1.5ms`. */
export function duration(nanoseconds: number | bigint): Value {
  const ns = BigInt(nanoseconds);
  const text = durationText(ns);
  const methods = {
    String: string(text),
    Nanoseconds: int(ns, "int64"),
    Microseconds: int(ns / 1_000n, "int64"),
    Milliseconds: int(ns / 1_000_000n, "int64"),
    Seconds: float(Number(ns) / 1e9),
    Minutes: float(Number(ns) / 60e9),
    Hours: float(Number(ns) / 3600e9),
  };
  return { kind: "int", type: "time.Duration", int: ns, text, methods };
}

/** The name of a value's Go type. */
export function typeOf(value: Value): string {
  switch (value.kind) {
    case "bool":
    case "string":
      return value.kind;
    case "float":
      return "float64";
    case "interface":
      return "interface {}";
    default:
      return value.type;
  }
}

/** The concrete value in an interface value; anything else as it is. */
export function unbox(value: Value | undefined): Value | undefined {
  return value?.kind === "interface" ? value.value : value;
}

/** What is behind any pointers and interfaces; the nil one itself when that ends the way. */
export function indirect(value: Value): Value {
  if (value.kind === "interface" && value.value !== undefined) return indirect(value.value);
  if (value.kind === "pointer" && value.to !== undefined) return indirect(value.to);
  return value;
}

/** True for a nil pointer, slice or interface, and for no value. */
export function isNil(value: Value | undefined): boolean {
  if (value === undefined) return true;
  if (value.kind === "list") return value.items === undefined;
  return (
    (value.kind === "pointer" && value.to === undefined) || (value.kind === "interface" && value.value === undefined)
  );
}

/** Go's notion of truth for `if`: false are no value, nil, false, 0, and what is empty. */
export function isTrue(given: Value | undefined): boolean {
  const value = unbox(given);
  switch (value?.kind) {
    case "bool":
      return value.bool;
    case "int":
      return value.int !== 0n;
    case "float":
      return value.float !== 0;
    case "string":
      return value.text !== "";
    case "list":
      return (value.items ?? []).length > 0;
    case "map":
      return value.entries.size > 0;
    case "struct":
      return true;
    case "pointer":
      return value.to !== undefined;
    default:
      return false;
  }
}

/** Orders texts as Go does, by their UTF-8 bytes: negative, zero or positive. */
export function compareText(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

const nothing: Value = { kind: "interface", value: undefined };

function boxed(json: unknown): Value {
  return json === null ? nothing : { kind: "interface", value: fromJson(json) };
}

function mapOf(type: string, zero: Value, entries: [string, Value][]): Value {
  return { kind: "map", type, zero, entries: new Map(entries.sort(([left], [right]) => compareText(left, right))) };
}

function fieldValue(field: StructFields[string]): Value {
  if (typeof field === "string") return string(field);
  if (typeof field === "boolean") return bool(field);
  return "kind" in field ? field : strings(field);
}

/** As Go's Duration.String: below a second in the largest unit that fits, else hours, minutes and seconds. */
function durationText(ns: bigint): string {
  if (ns < 0n) return `-${durationText(-ns)}`;
  if (ns === 0n) return "0s";
  if (ns < 1_000n) return `${String(ns)}ns`;
  if (ns < 1_000_000n) return `${decimal(ns, 3)}µs`;
  if (ns < 1_000_000_000n) return `${decimal(ns, 6)}ms`;
  const minutes = ns / 60_000_000_000n;
  const seconds = `${decimal(ns % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  if (minutes < 60n) return `${String(minutes)}m${seconds}`;
  return `${String(minutes / 60n)}h${String(minutes % 60n)}m${seconds}`;
}

/** value / 10^places without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = String(value).padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, "");
}
