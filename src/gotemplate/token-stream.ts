import { MachineError, messageOf } from "../driver/index.js";
import type { GoFunction } from "./function.js";
import { isKeyword, type Token, type TokenType } from "./lex.js";
import type { Node } from "./node.js";
import { quote } from "./quote.js";

/** What the parts of the parser share. A definition inside the text gets its own, but for the readonly members. */
export interface Parser {
  readonly name: string;
  readonly functions: Readonly<Record<string, GoFunction>>;
  readonly stream: TokenStream;
  /** The templates that are complete. */
  readonly templates: Map<string, readonly Node[]>;
  /** The variables in scope. */
  variables: readonly string[];
  /** How many `range` are open. */
  rangeDepth: number;
  /** The line on which the current action began; 0 outside. */
  actionLine: number;
}

interface TokenStream {
  readonly tokens: readonly Token[];
  /** The token that comes next. */
  index: number;
  /** The last token looked at: errors are on its line. */
  furthest: number;
}

export function next({ stream }: Parser): Token {
  const token = stream.tokens[stream.index] ?? stream.tokens.at(-1);
  if (token === undefined) throw new TypeError("a template has at least one token");
  stream.furthest = Math.max(stream.furthest, stream.index);
  stream.index += 1;
  return token;
}

export function backup({ stream }: Parser): void {
  stream.index -= 1;
}

export function peek(parser: Parser): Token {
  const token = next(parser);
  backup(parser);
  return token;
}

export function nextNonSpace(parser: Parser): Token {
  const token = next(parser);
  return token.type === "space" ? nextNonSpace(parser) : token;
}

/** Looks behind any space, which is skipped. */
export function peekNonSpace(parser: Parser): Token {
  const token = nextNonSpace(parser);
  backup(parser);
  return token;
}

/** The next token, which must have one of the types. */
export function expect(parser: Parser, context: string, ...types: readonly TokenType[]): Token {
  const token = nextNonSpace(parser);
  return types.includes(token.type) ? token : unexpected(parser, token, context);
}

/** Throws Go's error for a token that cannot stand in this context, or for one that could not be read. */
export function unexpected(parser: Parser, token: Token, context: string): never {
  if (token.type !== "error") fail(parser, `unexpected ${shown(token)} in ${context}`);
  const { name, actionLine } = parser;
  const elsewhere = actionLine !== 0 && actionLine !== token.line;
  const start = ` in action started at ${name}:${String(actionLine)}`;
  const hint = token.value.endsWith(" action") ? start.slice(" in action".length) : start;
  fail(parser, token.value + (elsewhere ? hint : ""));
}

/** Throws a parse error at the line that was read last. */
export function fail({ name, stream }: Parser, text: string): never {
  const line = stream.tokens[stream.furthest]?.line ?? 0;
  throw new MachineError("failed", `template: ${name}:${String(line)}: ${text}`);
}

/** The result of `read`, whose errors become parse errors. */
export function attempt<T>(parser: Parser, read: () => T): T {
  try {
    return read();
  } catch (error) {
    return fail(parser, messageOf(error));
  }
}

function shown({ type, value }: Token): string {
  if (type === "eof") return "EOF";
  if (isKeyword(type)) return `<${value}>`;
  if (Buffer.byteLength(value) <= 10) return quote(value);
  return `${quote(Array.from(value).slice(0, 10).join(""))}...`;
}
