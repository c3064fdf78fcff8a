import { failure } from "./failure.js";
import type { Member, Shape } from "./model.js";

/**
 * The parameters of a request (`Filter.1.Value.2=x`) as the SDK's typed input.
 * @throws Failure UnknownParameter, MissingParameter, InvalidParameterValue
 */
export function readParameters(form: ReadonlyMap<string, string>, shape: Shape): unknown {
  return readValue(tree(form), shape, "");
}

type Tree = string | Map<string, Tree>;

function tree(form: ReadonlyMap<string, string>): Tree {
  const root = new Map<string, Tree>();
  for (const [path, value] of form) {
    const names = path.split(".");
    const last = names.pop() ?? "";
    let node = root;
    for (const name of names) {
      const next = node.get(name) ?? new Map<string, Tree>();
      if (typeof next === "string") throw failure("InvalidParameterCombination", `${path} is both a value and a group`);
      node.set(name, next);
      node = next;
    }
    node.set(last, value);
  }
  return root;
}

function readValue(node: Tree, shape: Shape, path: string): unknown {
  if (shape.kind === "structure") return readStructure(node, shape.members, path);
  if (shape.kind === "list") return readList(node, shape.item(), path);
  if (typeof node !== "string") throw unknown(path, node);
  return readSimple(node, shape.kind, path);
}

function readStructure(node: Tree, members: readonly Member[], path: string): Record<string, unknown> {
  if (typeof node === "string") throw failure("InvalidParameterValue", `Value (${node}) for ${path} is no structure`);
  const known = new Set(members.map(({ queryName }) => queryName));
  for (const [name, child] of node) if (!known.has(name)) throw unknown(join(path, name), child);
  const result: Record<string, unknown> = {};
  for (const { name, queryName, required, shape } of members) {
    const child = node.get(queryName);
    const place = join(path, queryName);
    if (child !== undefined) result[name] = readValue(child, shape(), place);
    else if (required) throw failure("MissingParameter", `The request must contain the parameter ${place}`);
  }
  return result;
}

/** Numbers count from 1; gaps are allowed. */
function readList(node: Tree, item: Shape, path: string): unknown[] {
  if (typeof node === "string") throw failure("InvalidParameterValue", `Value (${node}) for ${path} is no list`);
  const numbers = [...node.keys()].map((name) => {
    if (!/^[1-9]\d*$/.test(name)) throw failure("UnknownParameter", notRecognized(join(path, name)));
    return Number(name);
  });
  return numbers
    .sort((a, b) => a - b)
    .map((number) => readValue(node.get(String(number)) ?? "", item, join(path, String(number))));
}

function readSimple(text: string, kind: "string" | "number" | "boolean" | "time" | "blob", path: string): unknown {
  const wrong = (expected: string) =>
    failure("InvalidParameterValue", `Invalid value '${text}' for ${path}. Expected: ${expected}.`);
  switch (kind) {
    case "string":
      return text;
    case "number":
      if (!/^-?\d+$/.test(text)) throw wrong("integer");
      return Number(text);
    case "boolean":
      if (text !== "true" && text !== "false") throw wrong("true or false");
      return text === "true";
    case "time":
      if (Number.isNaN(Date.parse(text))) throw wrong("a time in ISO 8601");
      return new Date(text);
    case "blob":
      if (!isBase64(text)) throw wrong("base64");
      return Buffer.from(text, "base64");
  }
}

/** Whether a text is base64 as EC2 takes it: padded, line breaks allowed. */
export function isBase64(text: string): boolean {
  const plain = text.replace(/\s/g, "");
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}

function unknown(path: string, node: Tree) {
  let name = path;
  for (let inner = node; typeof inner !== "string";) {
    const [first] = inner;
    if (first === undefined) break;
    name = join(name, first[0]);
    inner = first[1];
  }
  return failure("UnknownParameter", notRecognized(name));
}

function notRecognized(name: string): string {
  return `The parameter ${name} is not recognized`;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
