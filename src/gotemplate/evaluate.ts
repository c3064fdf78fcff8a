import { isMachineError, MachineError } from "../driver/index.js";
import type { GoFunction, Parameter } from "./function.js";
import {
  type Chain,
  type CommandNode,
  type Invocation,
  type Literal,
  type Operand,
  type Path,
  type Pipeline,
  sourceOf,
} from "./node.js";
import type { Template } from "./parse.js";
import { quote } from "./quote.js";
import { indirect, isTrue, typeOf, unbox, type Value } from "./value.js";

/** One run of a template; an invoked template has a state of its own. */
export interface State {
  readonly template: Template;
  /** The name of the template that runs. */
  readonly name: string;
  /** How many invocations are open. */
  readonly depth: number;
  /** A stack: inner variables hide outer ones, and go when their block ends. */
  readonly variables: Variable[];
  readonly output: string[];
  /** What errors point at. */
  node: Operand | CommandNode | Invocation | undefined;
}

interface Variable {
  readonly name: string;
  value: Value | undefined;
}

/** The result of the command before a `|`: the last argument of the next one. */
interface Piped {
  readonly value: Value | undefined;
}

/** The value of a pipeline, which its variables get. Those that it declares stay on the stack. */
export function evaluatePipeline(state: State, dot: Value | undefined, pipeline: Pipeline): Value | undefined {
  state.node = pipeline;
  let piped: Piped | undefined;
  for (const command of pipeline.commands) piped = { value: unbox(evaluateCommand(state, dot, command, piped)) };
  const value = piped?.value;
  for (const name of pipeline.variables) {
    if (pipeline.assigns) assign(state, name, value);
    else state.variables.push({ name, value });
  }
  return value;
}

/** Gives the innermost variable of that name another value. */
export function assign(state: State, name: string, value: Value | undefined): void {
  lookUp(state, name).value = value;
}

/** Throws Go's error for the node the state is at. */
export function fail(state: State, text: string): never {
  const { template, name, node } = state;
  if (node === undefined) throw new MachineError("failed", `template: ${template.name}: ${text}`);
  const lines = template.text.slice(0, node.offset).split("\n");
  const place = `${template.name}:${String(lines.length)}:${String(Buffer.byteLength(lines.at(-1) ?? ""))}`;
  throw new MachineError("failed", `template: ${place}: executing ${quote(name)} at <${sourceOf(node)}>: ${text}`);
}

function evaluateCommand(
  state: State,
  dot: Value | undefined,
  command: CommandNode,
  piped: Piped | undefined,
): Value | undefined {
  const { first, args } = command;
  const call: FunctionCall = { dot, args, piped };
  switch (first.type) {
    case "field":
    case "variable":
      return evaluatePath(state, first, call);
    case "chain":
      return evaluateChain(state, first, call);
    case "identifier":
      state.node = first;
      return callFunction(state, first.name, functionOf(state, first.name), call, command);
    case "pipeline":
      rejectArguments(state, first, call);
      return evaluatePipeline(state, dot, first);
    case "literal":
      state.node = first;
      rejectArguments(state, first, call);
      return constantOf(state, first);
    case "dot":
    case "nil":
      state.node = first;
      rejectArguments(state, first, call);
      return first.type === "dot" ? dot : fail(state, "nil is not a command");
  }
}

/** The arguments of a command, and the dot they are evaluated with. */
interface FunctionCall {
  readonly dot: Value | undefined;
  readonly args: readonly Operand[];
  readonly piped: Piped | undefined;
}

function hasArguments({ args, piped }: FunctionCall): boolean {
  return args.length > 0 || piped !== undefined;
}

function rejectArguments(state: State, operand: Operand, call: FunctionCall): void {
  if (hasArguments(call)) fail(state, `can't give argument to non-function ${sourceOf(operand)}`);
}

function constantOf(state: State, literal: Literal): Value {
  state.node = literal;
  return literal.value ?? fail(state, `${literal.source} overflows int`);
}

/** `.A.B` and `$x.A.B`; only the last field can take arguments. */
function evaluatePath(state: State, path: Path, call: FunctionCall): Value | undefined {
  state.node = path;
  if (path.type === "field") return evaluateFields(state, path, path.names, call.dot, call);
  const [name = "", ...names] = path.names;
  const { value } = lookUp(state, name);
  if (names.length > 0) return evaluateFields(state, path, names, value, call);
  rejectArguments(state, path, call);
  return value;
}

function evaluateChain(state: State, chain: Chain, call: FunctionCall): Value | undefined {
  state.node = chain;
  const start = evaluateArgument(state, call.dot, "value", chain.start);
  return evaluateFields(state, chain, chain.names, start, call);
}

function evaluateFields(
  state: State,
  node: Path | Chain,
  names: readonly string[],
  start: Value | undefined,
  call: FunctionCall,
): Value | undefined {
  const bare: FunctionCall = { dot: call.dot, args: [], piped: undefined };
  return names.reduce((receiver, name, i) => {
    return evaluateField(state, node, name, receiver, i === names.length - 1 ? call : bare);
  }, start);
}

/** A method, a field of a struct, or an entry of a map; of no value it is no value. */
function evaluateField(
  state: State,
  node: Path | Chain,
  name: string,
  receiver: Value | undefined,
  call: FunctionCall,
): Value | undefined {
  if (receiver === undefined) return undefined;
  const target = indirect(receiver);
  if (target.kind === "int" && target.methods !== undefined && Object.hasOwn(target.methods, name)) {
    const result = target.methods[name];
    return callFunction(state, name, { parameters: [], call: () => result }, call, node);
  }
  if (target.kind === "struct" && target.fields.has(name)) {
    if (hasArguments(call)) fail(state, `${name} has arguments but cannot be invoked as function`);
    return target.fields.get(name);
  }
  if (target.kind === "map") {
    if (hasArguments(call)) fail(state, `${name} is not a method but has arguments`);
    return target.entries.get(name);
  }
  if (target.kind === "pointer" || target.kind === "interface") {
    fail(state, `nil pointer evaluating ${typeOf(receiver)}.${name}`);
  }
  return fail(state, `can't evaluate field ${name} in type ${typeOf(receiver)}`);
}

function functionOf({ template }: State, name: string): GoFunction {
  const found = template.functions[name];
  if (found === undefined) throw new TypeError(`the parser let an unknown function pass: ${name}`);
  return found;
}

/** Calls a function with what fits its parameters; `node` is where its own errors are reported. */
function callFunction(
  state: State,
  name: string,
  { parameters, variadic, stopsAt, call: run }: GoFunction,
  { dot, args, piped }: FunctionCall,
  node: Operand | CommandNode,
): Value | undefined {
  const given = args.length + (piped === undefined ? 0 : 1);
  const wanted = parameters.length;
  if (variadic !== undefined && given < wanted) {
    fail(state, `wrong number of args for ${name}: want at least ${String(wanted)} got ${String(args.length)}`);
  }
  if (variadic === undefined && given !== wanted) {
    fail(state, `wrong number of args for ${name}: want ${String(wanted)} got ${String(given)}`);
  }
  const values: (Value | undefined)[] = [];
  for (const [i, arg] of args.entries()) {
    const value = evaluateArgument(state, dot, parameters[i] ?? variadic ?? "value", arg);
    if (stopsAt !== undefined && isTrue(value) === stopsAt) return value;
    values.push(value);
  }
  if (piped !== undefined) values.push(accept(state, piped.value, parameters[args.length] ?? variadic ?? "value"));
  try {
    return run(values);
  } catch (error) {
    if (!isMachineError(error)) throw error;
    state.node = node;
    return fail(state, `error calling ${name}: ${error.message}`);
  }
}

function evaluateArgument(
  state: State,
  dot: Value | undefined,
  parameter: Parameter,
  operand: Operand,
): Value | undefined {
  state.node = operand;
  const bare: FunctionCall = { dot, args: [], piped: undefined };
  switch (operand.type) {
    case "dot":
      return accept(state, dot, parameter);
    case "nil":
      return parameter === "string" ? fail(state, "cannot assign nil to string") : undefined;
    case "field":
    case "variable":
      return accept(state, evaluatePath(state, operand, bare), parameter);
    case "chain":
      return accept(state, evaluateChain(state, operand, bare), parameter);
    case "pipeline":
      return accept(state, evaluatePipeline(state, dot, operand), parameter);
    case "identifier": {
      const called = callFunction(state, operand.name, functionOf(state, operand.name), bare, operand);
      return accept(state, called, parameter);
    }
    case "literal":
      if (parameter !== "string" || operand.value?.kind === "string") return constantOf(state, operand);
      return fail(state, `expected string; found ${operand.source}`);
  }
}

/** The value as an argument for a parameter; fails when its type does not fit. */
function accept(state: State, value: Value | undefined, parameter: Parameter): Value | undefined {
  if (parameter === "value") return value;
  const concrete = unbox(value);
  if (parameter === "any" || concrete?.kind === "string") return concrete;
  if (value === undefined) fail(state, "invalid value; expected string");
  return fail(state, `wrong type for value; expected string; got ${typeOf(concrete ?? value)}`);
}

function lookUp(state: State, name: string): Variable {
  const found = state.variables.findLast((variable) => variable.name === name);
  return found ?? fail(state, `undefined variable: ${name}`);
}
