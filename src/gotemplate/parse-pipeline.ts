import { readCharacter, readNumber, readString } from "./constant.js";
import type { Token, TokenType } from "./lex.js";
import { type CommandNode, type Operand, type Pipeline, sourceOf } from "./node.js";
import { quote } from "./quote.js";
import {
  attempt,
  backup,
  fail,
  next,
  nextNonSpace,
  type Parser,
  peek,
  peekNonSpace,
  unexpected,
} from "./token-stream.js";
import { bool, string } from "./value.js";

const operandTypes: readonly TokenType[] = [
  "bool",
  "charConstant",
  "dot",
  "field",
  "identifier",
  "leftParen",
  "nil",
  "number",
  "rawString",
  "string",
  "variable",
];

/** Variables and commands up to the closing token; `context` is what errors call the surroundings. */
export function parsePipeline(parser: Parser, context: string, end: "rightDelim" | "rightParen"): Pipeline {
  const { offset } = peekNonSpace(parser);
  const { variables, assigns } = parseDeclarations(parser, context);
  const commands: CommandNode[] = [];
  for (;;) {
    const token = nextNonSpace(parser);
    if (token.type === end) break;
    if (!operandTypes.includes(token.type)) unexpected(parser, token, context);
    backup(parser);
    commands.push(parseCommand(parser));
  }
  if (commands.length === 0) fail(parser, `missing value for ${context}`);
  const constant = commands.findIndex(({ first }, i) => i > 0 && ["literal", "dot", "nil"].includes(first.type));
  if (constant > 0) fail(parser, `non executable command in pipeline stage ${String(constant + 1)}`);
  return { type: "pipeline", offset, variables, assigns, commands };
}

/** `$x :=`, `$x =` and, for range, `$i, $x :=`. What is none of these is left unread. */
function parseDeclarations(parser: Parser, context: string): Pick<Pipeline, "variables" | "assigns"> {
  const variables: string[] = [];
  for (;;) {
    const start = parser.stream.index;
    const variable = peekNonSpace(parser);
    if (variable.type !== "variable") return { variables, assigns: false };
    next(parser);
    const sign = nextNonSpace(parser);
    const comma = sign.type === "char" && sign.value === ",";
    if (!comma && sign.type !== "assign" && sign.type !== "declare") {
      parser.stream.index = start;
      return { variables, assigns: false };
    }
    variables.push(variable.value);
    parser.variables = [...parser.variables, variable.value];
    if (!comma) return { variables, assigns: sign.type === "assign" };
    if (context !== "range" || variables.length > 1) fail(parser, `too many declarations in ${context}`);
    const follower = peekNonSpace(parser).type;
    if (!["variable", "rightDelim", "rightParen"].includes(follower))
      fail(parser, "range can only initialize variables");
  }
}

/** Operands separated by spaces, up to a pipe (which is consumed) or a closing token. */
function parseCommand(parser: Parser): CommandNode {
  const { offset } = peekNonSpace(parser);
  const operands: Operand[] = [];
  for (;;) {
    const operand = parseOperand(parser);
    if (operand !== undefined) operands.push(operand);
    const token = next(parser);
    if (token.type === "space") continue;
    if (token.type === "pipe") break;
    if (token.type !== "rightDelim" && token.type !== "rightParen") unexpected(parser, token, "operand");
    backup(parser);
    break;
  }
  const [first, ...args] = operands;
  return first === undefined ? fail(parser, "empty command") : { type: "command", offset, first, args };
}

/** A term with the fields that follow it. */
function parseOperand(parser: Parser): Operand | undefined {
  const term = parseTerm(parser);
  const { type, offset } = peek(parser);
  if (term === undefined || type !== "field") return term;
  const names: string[] = [];
  while (peek(parser).type === "field") names.push(next(parser).value.slice(1));
  switch (term.type) {
    case "field":
    case "variable":
      return { type: term.type, offset, names: [...term.names, ...names] };
    case "literal":
    case "dot":
    case "nil":
      return fail(parser, `unexpected . after term ${quote(sourceOf(term))}`);
    default:
      return { type: "chain", offset, start: term, names };
  }
}

/** A single word, constant or parenthesis; undefined (and nothing read) when there is none. */
function parseTerm(parser: Parser): Operand | undefined {
  const token = nextNonSpace(parser);
  const { type, value, offset } = token;
  switch (type) {
    case "identifier":
      if (!Object.hasOwn(parser.functions, value)) fail(parser, `function ${quote(value)} not defined`);
      return { type, offset, name: value };
    case "dot":
    case "nil":
      return { type, offset };
    case "variable":
      if (!parser.variables.includes(value)) fail(parser, `undefined variable ${quote(value)}`);
      return { type, offset, names: [value] };
    case "field":
      return { type, offset, names: [value.slice(1)] };
    case "leftParen":
      return parsePipeline(parser, "parenthesized pipeline", "rightParen");
    case "bool":
    case "charConstant":
    case "number":
    case "rawString":
    case "string":
      return { type: "literal", offset, source: value, value: attempt(parser, () => constantOf(token)) };
    default:
      backup(parser);
      return undefined;
  }
}

function constantOf({ type, value }: Token) {
  if (type === "bool") return bool(value === "true");
  if (type === "number") return readNumber(value);
  return type === "charConstant" ? readCharacter(value) : string(readString(value));
}
