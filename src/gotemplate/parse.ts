import { builtins } from "./builtins.js";
import { readString } from "./constant.js";
import type { GoFunction } from "./function.js";
import { lex } from "./lex.js";
import type { Control, Node } from "./node.js";
import { parsePipeline } from "./parse-pipeline.js";
import { quote } from "./quote.js";
import {
  attempt,
  backup,
  expect,
  fail,
  next,
  nextNonSpace,
  type Parser,
  peek,
  peekNonSpace,
  unexpected,
} from "./token-stream.js";

/** A parsed template, ready to be executed any number of times. */
export interface Template {
  readonly name: string;
  readonly text: string;
  readonly functions: Readonly<Record<string, GoFunction>>;
  /** The template itself under its name, and those it defines. */
  readonly templates: ReadonlyMap<string, readonly Node[]>;
}

export interface ParseOptions {
  /** Functions beside the built-in ones, which they may replace. Default: none. */
  readonly functions?: Readonly<Record<string, GoFunction>>;
  /** The template's name in error messages. Default: none, as docker-machine has it. */
  readonly name?: string;
}

/**
 * Parses the language of Go's text/template (of Go 1.19, but for complex numbers).
 * Throws a MachineError "failed" with Go's text, e.g. `template: :1: unclosed action`.
 */
export function parse(text: string, { functions = {}, name = "" }: ParseOptions = {}): Template {
  const known = { ...builtins, ...functions };
  const stream = { tokens: lex(text), index: 0, furthest: 0 };
  const parser = newParser({ name, functions: known, stream, templates: new Map() });
  add(parser, name, parseRoot(parser));
  return { name, text, functions: known, templates: parser.templates };
}

function newParser({
  name,
  functions,
  stream,
  templates,
}: Omit<Parser, "variables" | "rangeDepth" | "actionLine">): Parser {
  return { name, functions, stream, templates, variables: ["$"], rangeDepth: 0, actionLine: 0 };
}

/** What ends a list of nodes. */
type Ending = { readonly type: "end" | "else" };

function parseRoot(parser: Parser): Node[] {
  const nodes: Node[] = [];
  while (peek(parser).type !== "eof") {
    if (isDefinition(parser)) {
      parseDefinition(newParser(parser));
      continue;
    }
    const node = parseTextOrAction(parser);
    if (isEnding(node)) fail(parser, `unexpected {{${node.type}}}`);
    nodes.push(node);
  }
  return nodes;
}

/** Reads `{{define`, which is allowed outside actions only; what is none is left unread. */
function isDefinition(parser: Parser): boolean {
  const start = parser.stream.index;
  if (next(parser).type === "leftDelim" && nextNonSpace(parser).type === "define") return true;
  parser.stream.index = start;
  return false;
}

function parseDefinition(parser: Parser): void {
  const context = "define clause";
  const { value } = expect(parser, context, "string", "rawString");
  const name = attempt(parser, () => readString(value));
  expect(parser, context, "rightDelim");
  parseNamed(parser, name, context);
}

/** The body of a definition or block, to its end. */
function parseNamed(parser: Parser, name: string, context: string): void {
  const { nodes, ending } = parseList(parser);
  if (ending.type !== "end") fail(parser, `unexpected {{${ending.type}}} in ${context}`);
  add(parser, name, nodes);
}

/** Of two templates with one name, an empty one gives way; if neither is empty it is an error. */
function add(parser: Parser, name: string, nodes: readonly Node[]): void {
  const known = parser.templates.get(name);
  if (known === undefined || isEmpty(known)) parser.templates.set(name, nodes);
  else if (!isEmpty(nodes)) fail(parser, `template: multiple definition of template ${quote(name)}`);
}

function isEmpty(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.type === "text" && node.text.trim() === "");
}

function parseList(parser: Parser): { nodes: Node[]; ending: Ending } {
  const nodes: Node[] = [];
  while (peekNonSpace(parser).type !== "eof") {
    const node = parseTextOrAction(parser);
    if (isEnding(node)) return { nodes, ending: node };
    nodes.push(node);
  }
  return fail(parser, "unexpected EOF");
}

function isEnding(node: Node | Ending): node is Ending {
  return node.type === "end" || node.type === "else";
}

function parseTextOrAction(parser: Parser): Node | Ending {
  const token = nextNonSpace(parser);
  if (token.type === "text") return { type: "text", text: token.value };
  if (token.type !== "leftDelim") unexpected(parser, token, "input");
  parser.actionLine = token.line;
  const node = parseAction(parser);
  parser.actionLine = 0;
  return node;
}

function parseAction(parser: Parser): Node | Ending {
  const { type } = nextNonSpace(parser);
  switch (type) {
    case "if":
    case "with":
    case "range":
      return parseControl(parser, type);
    case "else":
      // In `else if` the `if` is left to the control it belongs to.
      if (peekNonSpace(parser).type !== "if") expect(parser, "else", "rightDelim");
      return { type };
    case "end":
      expect(parser, "end", "rightDelim");
      return { type };
    case "break":
    case "continue":
      expect(parser, `{{${type}}}`, "rightDelim");
      if (parser.rangeDepth === 0) fail(parser, `{{${type}}} outside {{range}}`);
      return { type };
    case "template":
    case "block":
      return parseInvocation(parser, type);
    default:
      backup(parser);
      return { type: "action", pipeline: parsePipeline(parser, "command", "rightDelim") };
  }
}

/** `if`, `with` or `range` to its end; variables declared inside are forgotten then. */
function parseControl(parser: Parser, type: Control["type"]): Control {
  const { variables } = parser;
  const pipeline = parsePipeline(parser, type, "rightDelim");
  const inRange = type === "range" ? 1 : 0;
  parser.rangeDepth += inRange;
  const { nodes: body, ending } = parseList(parser);
  parser.rangeDepth -= inRange;
  const otherwise = ending.type === "else" ? parseElse(parser, type) : undefined;
  parser.variables = variables;
  return { type, pipeline, body, otherwise };
}

/** `{{else if x}}..{{end}}` is `{{else}}{{if x}}..{{end}}{{end}}` with one end. */
function parseElse(parser: Parser, type: Control["type"]): readonly Node[] {
  if (type === "if" && peek(parser).type === "if") {
    next(parser);
    return [parseControl(parser, "if")];
  }
  const { nodes, ending } = parseList(parser);
  if (ending.type !== "end") fail(parser, `expected end; found {{${ending.type}}}`);
  return nodes;
}

/** `{{template "name" pipeline}}`; a block also defines the template, and always has a pipeline. */
function parseInvocation(parser: Parser, type: "template" | "block"): Node {
  const context = `${type} clause`;
  const token = expect(parser, context, "string", "rawString");
  const name = attempt(parser, () => readString(token.value));
  const isBare = type === "template" && nextNonSpace(parser).type === "rightDelim";
  if (type === "template" && !isBare) backup(parser);
  const pipeline = isBare ? undefined : parsePipeline(parser, context, "rightDelim");
  if (type === "block") parseNamed(newParser(parser), name, context);
  return { type: "template", offset: token.offset, name, pipeline };
}
