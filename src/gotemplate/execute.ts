import { printable } from "./builtins.js";
import { assign, evaluatePipeline, fail, type State } from "./evaluate.js";
import { display } from "./format.js";
import type { Control, Invocation, Node, Pipeline } from "./node.js";
import type { Template } from "./parse.js";
import { quote } from "./quote.js";
import { indirect, int, isTrue, string, unbox, type Value } from "./value.js";

/** The deepest nesting of `template`. Go allows 100000, for which the stack here is too small. */
const maxDepth = 200;

/**
 * The text a template makes of `data`, its dot and `$`.
 * Throws a MachineError "failed" with Go's text, e.g.
 * `template: :1:2: executing "" at <.Nope>: can't evaluate field Nope in type commands.HostListItem`.
 */
export function execute(template: Template, data: Value): string {
  const output: string[] = [];
  const { name } = template;
  const dot = unbox(data);
  const state: State = { template, name, depth: 0, variables: [{ name: "$", value: dot }], output, node: undefined };
  walkAll(state, dot, template.templates.get(name) ?? []);
  return output.join("");
}

/** Set while a range is to be left, or to go on with its next element. */
type Jump = "break" | "continue" | undefined;

function walkAll(state: State, dot: Value | undefined, nodes: readonly Node[]): Jump {
  for (const node of nodes) {
    const jump = walk(state, dot, node);
    if (jump !== undefined) return jump;
  }
  return undefined;
}

function walk(state: State, dot: Value | undefined, node: Node): Jump {
  switch (node.type) {
    case "text":
      state.output.push(node.text);
      return undefined;
    case "action":
      walkAction(state, dot, node.pipeline);
      return undefined;
    case "if":
    case "with":
      return walkIfOrWith(state, dot, node);
    case "range":
      return walkRange(state, dot, node);
    case "template":
      walkTemplate(state, dot, node);
      return undefined;
    case "break":
    case "continue":
      return node.type;
  }
}

/** Prints the value, unless a variable gets it. */
function walkAction(state: State, dot: Value | undefined, pipeline: Pipeline): void {
  const value = evaluatePipeline(state, dot, pipeline);
  if (pipeline.variables.length === 0) state.output.push(display(printable(value)));
}

function walkIfOrWith(state: State, dot: Value | undefined, { type, pipeline, body, otherwise = [] }: Control): Jump {
  const mark = state.variables.length;
  const value = evaluatePipeline(state, dot, pipeline);
  const jump = isTrue(value) ? walkAll(state, type === "with" ? value : dot, body) : walkAll(state, dot, otherwise);
  state.variables.length = mark;
  return jump;
}

/** A jump inside the body stays here; in the else branch, as in Go, that is true of a break only. */
function walkRange(state: State, dot: Value | undefined, { pipeline, body, otherwise = [] }: Control): Jump {
  const mark = state.variables.length;
  const items = elements(state, evaluatePipeline(state, dot, pipeline));
  const inside = state.variables.length;
  const jump = items.length === 0 ? walkAll(state, dot, otherwise) : undefined;
  for (const [index, element] of items) {
    bind(state, pipeline.variables, index, element);
    const ended = walkAll(state, element, body);
    state.variables.length = inside;
    if (ended === "break") break;
  }
  state.variables.length = mark;
  return jump === "break" ? undefined : jump;
}

/** The elements of a list with their indices, or of a map with its keys, in order. */
function elements(state: State, given: Value | undefined): readonly (readonly [index: Value, element: Value])[] {
  if (given === undefined) return [];
  const value = indirect(given);
  if (value.kind === "list") return (value.items ?? []).map((item, i) => [int(i), item]);
  if (value.kind === "map") return Array.from(value.entries, ([key, item]) => [string(key), item]);
  return fail(state, `range can't iterate over ${display(value)}`);
}

/** One variable gets the element, two get the index and the element. */
function bind(state: State, variables: readonly string[], index: Value, element: Value): void {
  const [first, second] = variables;
  if (second !== undefined) assign(state, second, element);
  if (first !== undefined) assign(state, first, second === undefined ? element : index);
}

/** Another template with the pipeline's value as its dot; it sees none of our variables. */
function walkTemplate(state: State, dot: Value | undefined, node: Invocation): void {
  state.node = node;
  const { name, pipeline } = node;
  const nodes = state.template.templates.get(name);
  if (nodes === undefined) fail(state, `template ${quote(name)} not defined`);
  if (state.depth === maxDepth) fail(state, `exceeded maximum template depth (${String(maxDepth)})`);
  const value = pipeline === undefined ? undefined : evaluatePipeline(state, dot, pipeline);
  walkAll({ ...state, name, depth: state.depth + 1, variables: [{ name: "$", value }] }, value, nodes);
}
