import { failed } from "./error.js";
import { format } from "./format.js";
import { compareText, isNil, typeOf, unbox, type Value } from "./value.js";

/** Go's `eq`: whether the first equals one of the others. Nil equals nil, and no basic value. */
export function isEqual(first: Value | undefined, others: readonly (Value | undefined)[]): boolean {
  if (others.length === 0) throw failed("missing argument for comparison");
  const left = unbox(first);
  return others.some((other) => equalPair(left, unbox(other)));
}

/** Go's `lt`; strings by bytes. Only numbers of one kind and strings have an order. */
export function isLess(first: Value | undefined, second: Value | undefined): boolean {
  const left = unbox(first);
  const right = unbox(second);
  if (left === undefined || right === undefined || !isBasic(left) || !isBasic(right)) throw failed(badType);
  if (left.kind === "int" && right.kind === "int") return left.int < right.int;
  if (left.kind === "float" && right.kind === "float") return left.float < right.float;
  if (left.kind === "string" && right.kind === "string") return compareText(left.text, right.text) < 0;
  throw failed(left.kind === right.kind ? badType : badPair);
}

const badType = "invalid type for comparison";
const badPair = "incompatible types for comparison";

function equalPair(left: Value | undefined, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return isNil(left ?? right);
  if (isBasic(left) || isBasic(right)) {
    if (left.kind !== right.kind) throw failed(badPair);
    return isSame(left, right);
  }
  if (left.kind !== right.kind) {
    const [shown, other] = [format(left, { verb: "s" }), format(right, { verb: "v" })];
    throw failed(`non-comparable types ${shown}: ${typeOf(left)}, ${typeOf(right)}: ${other}`);
  }
  if (isNil(left) || isNil(right)) return isNil(left) === isNil(right);
  if (!isComparable(right)) throw failed(`non-comparable type ${format(right, { verb: "s" })}: ${typeOf(right)}`);
  return isSame(left, right);
}

/** Go's `==` on comparable values: pointers by identity, structs field by field. */
function isSame(left: Value | undefined, right: Value | undefined): boolean {
  if (left === right) return true;
  if (left?.kind === "bool" && right?.kind === "bool") return left.bool === right.bool;
  if (left?.kind === "int" && right?.kind === "int") return left.int === right.int;
  if (left?.kind === "float" && right?.kind === "float") return left.float === right.float;
  if (left?.kind === "string" && right?.kind === "string") return left.text === right.text;
  if (left?.kind !== "struct" || right?.kind !== "struct" || left.type !== right.type) return false;
  return Array.from(left.fields).every(([name, field]) => isSame(field, right.fields.get(name)));
}

function isBasic({ kind }: Value): boolean {
  return kind === "bool" || kind === "int" || kind === "float" || kind === "string";
}

function isComparable(value: Value): boolean {
  if (value.kind === "struct") return Array.from(value.fields.values()).every(isComparable);
  return value.kind !== "list" && value.kind !== "map";
}
