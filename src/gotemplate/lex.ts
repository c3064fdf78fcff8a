import { isPrint, quote, unicodeName } from "./quote.js";

export type TokenType =
  | "error"
  | "bool"
  | "char"
  | "charConstant"
  | "assign"
  | "declare"
  | "eof"
  | "field"
  | "identifier"
  | "leftDelim"
  | "leftParen"
  | "number"
  | "pipe"
  | "rawString"
  | "rightDelim"
  | "rightParen"
  | "space"
  | "string"
  | "text"
  | "variable"
  | Keyword;

type Keyword = (typeof keywords)[number] | "dot";

/** `offset` is into the template, in UTF-16 units; `line` counts from 1. An error's value is its text. */
export interface Token {
  readonly type: TokenType;
  readonly value: string;
  readonly offset: number;
  readonly line: number;
}

const keywords = [
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "nil",
  "range",
  "template",
  "with",
] as const;

/** True for the words (and the dot) that error messages put in angle brackets. */
export function isKeyword(type: TokenType): boolean {
  return type === "dot" || keywords.some((keyword) => keyword === type);
}

/** Splits a template into tokens, the last of which is "eof" or "error". Comments and trimmed space leave none. */
export function lex(template: string): Token[] {
  const lexer: Lexer = { template, tokens: [], offset: 0, line: 1, counted: 0 };
  let more = true;
  while (more) more = lexText(lexer) && (lexComment(lexer) ?? lexAction(lexer));
  return lexer.tokens;
}

interface Lexer {
  readonly template: string;
  readonly tokens: Token[];
  /** Where the next token begins. */
  offset: number;
  /** The line of `counted`. */
  line: number;
  counted: number;
}

/** Appends the token that ends at `end`, and moves there. */
function emit(lexer: Lexer, type: TokenType, end: number, value = lexer.template.slice(lexer.offset, end)): true {
  lexer.line += lexer.template.slice(lexer.counted, lexer.offset).split("\n").length - 1;
  lexer.counted = lexer.offset;
  lexer.tokens.push({ type, value, offset: lexer.offset, line: lexer.line });
  lexer.offset = end;
  return true;
}

/** Ends the lexing. */
function fail(lexer: Lexer, text: string): false {
  emit(lexer, "error", lexer.offset, text);
  return false;
}

/** The text matched right at the lexer's place. */
function match(lexer: Lexer, sticky: RegExp): string | undefined {
  sticky.lastIndex = lexer.offset;
  return sticky.exec(lexer.template)?.[0];
}

/** The text up to the next action; stands at its `{{` afterwards. False at the end of the template. */
function lexText(lexer: Lexer): boolean {
  const { template, offset } = lexer;
  const open = template.indexOf("{{", offset);
  const end = open < 0 ? template.length : open;
  const text = template.slice(offset, end);
  const kept =
    open >= 0 && /^\{\{-[ \t\r\n]/.test(template.slice(open, open + 4)) ? text.replace(/[ \t\r\n]+$/, "") : text;
  if (kept !== "") emit(lexer, "text", offset + kept.length);
  lexer.offset = end;
  if (open < 0) emit(lexer, "eof", end);
  return open >= 0;
}

/** A comment, which must fill its action; undefined when the action is none. */
function lexComment(lexer: Lexer): boolean | undefined {
  const start = match(lexer, /\{\{(?:-[ \t\r\n])?(?=\/\*)/y);
  if (start === undefined) return undefined;
  lexer.offset += start.length;
  const end = lexer.template.indexOf("*/", lexer.offset + 2);
  if (end < 0) return fail(lexer, "unclosed comment");
  const close = /(?:[ \t\r\n]-\}\}[ \t\r\n]*|\}\})/y;
  close.lastIndex = end + 2;
  if (!close.test(lexer.template)) return fail(lexer, "comment ends before closing delimiter");
  lexer.offset = close.lastIndex;
  return true;
}

/** An action with its delimiters. False when it cannot be read. */
function lexAction(lexer: Lexer): boolean {
  const open = match(lexer, /\{\{(?:-[ \t\r\n])?/y) ?? "";
  emit(lexer, "leftDelim", lexer.offset + 2);
  lexer.offset += open.length - 2;
  let depth = 0;
  for (;;) {
    const close = match(lexer, /(?:[ \t\r\n]-\}\}[ \t\r\n]*|\}\})/y);
    if (close !== undefined) return depth === 0 ? lexRightDelim(lexer, close) : fail(lexer, "unclosed left paren");
    const token = lexPunctuation(lexer) ?? lexWord(lexer) ?? lexLiteral(lexer) ?? lexOther(lexer);
    if (!token) return false;
    const { type } = lexer.tokens.at(-1) ?? { type: "error" };
    if (type === "leftParen") depth += 1;
    if (type === "rightParen") depth -= 1;
    if (depth < 0) return fail(lexer, `unexpected right paren ${unicodeName(41n, { named: true })}`);
  }
}

function lexRightDelim(lexer: Lexer, close: string): true {
  const end = lexer.offset + close.length;
  lexer.offset += close.indexOf("}}");
  emit(lexer, "rightDelim", lexer.offset + 2);
  lexer.offset = end;
  return true;
}

/** Spaces (all but the one that begins ` -}}`) and what is made of signs. Undefined when there is none here. */
function lexPunctuation(lexer: Lexer): boolean | undefined {
  const space = match(lexer, /[ \t\r\n]+(?=[ \t\r\n]-\}\})|[ \t\r\n]+/y);
  if (space !== undefined) return emit(lexer, "space", lexer.offset + space.length);
  const types = { "=": "assign", "|": "pipe", "(": "leftParen", ")": "rightParen", ":=": "declare" } as const;
  const sign = match(lexer, /:=|[=|():]/y);
  if (sign === undefined) return undefined;
  if (sign === ":") return fail(lexer, "expected :=");
  return emit(lexer, types[sign as keyof typeof types], lexer.offset + sign.length);
}

/** Identifiers, keywords, variables, fields and the dot. */
function lexWord(lexer: Lexer): boolean | undefined {
  const word = match(lexer, /\$[\p{L}\p{Nd}_]*|\.(?![0-9])(?!$)[\p{L}\p{Nd}_]*|(?![0-9])[\p{L}\p{Nd}_]+/uy);
  if (word === undefined) return undefined;
  const end = lexer.offset + word.length;
  const next = lexer.template.codePointAt(end);
  const terminated = next === undefined || /^(?:[ \t\r\n.,|:)(]|\}\})/.test(lexer.template.slice(end, end + 2));
  if (!terminated) return fail(lexer, `bad character ${unicodeName(BigInt(next), { named: true })}`);
  return emit(lexer, wordType(word), end);
}

function wordType(word: string): TokenType {
  if (word.startsWith("$")) return "variable";
  if (word.startsWith(".")) return word === "." ? "dot" : "field";
  if (word === "true" || word === "false") return "bool";
  return keywords.find((keyword) => keyword === word) ?? "identifier";
}

/** Strings, characters and numbers. */
function lexLiteral(lexer: Lexer): boolean | undefined {
  const mark = match(lexer, /["'`]/y);
  if (mark === undefined) return lexNumber(lexer);
  const [type, complete, unterminated] = quoted[mark as keyof typeof quoted];
  const literal = match(lexer, complete);
  return literal === undefined ? fail(lexer, unterminated) : emit(lexer, type, lexer.offset + literal.length);
}

const quoted = {
  '"': ["string", /"(?:\\[^\n]|[^"\\\n])*"/y, "unterminated quoted string"],
  "'": ["charConstant", /'(?:\\[^\n]|[^'\\\n])*'/y, "unterminated character constant"],
  "`": ["rawString", /`[^`]*`/y, "unterminated raw quoted string"],
} as const;

/** What looks like a number, or a sum that makes a complex one; whether it is one is decided by its reader. */
function lexNumber(lexer: Lexer): boolean | undefined {
  if (match(lexer, /[+\-.0-9]/y) === undefined) return undefined;
  const real = match(lexer, new RegExp(numberShape, "y")) ?? "";
  const rest = lexer.template.slice(lexer.offset + real.length);
  const imaginary = /^[+-]/.test(rest) ? new RegExp(`^(?:${numberShape})`).exec(rest)?.[0] : undefined;
  const number = real + (imaginary ?? "");
  const end = lexer.offset + number.length;
  const [next = ""] = lexer.template.slice(end);
  if (isWordPart(next)) return fail(lexer, `bad number syntax: ${quote(number + next)}`);
  if (imaginary?.endsWith("i") === false) return fail(lexer, `bad number syntax: ${quote(number)}`);
  return emit(lexer, "number", end);
}

/** An optional sign, then digits in a base, a fraction, an exponent and `i`, all of them optional. */
const numberShape = [
  String.raw`[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?`,
  String.raw`0[oO][0-7_]*(?:\.[0-7_]*)?`,
  String.raw`0[bB][01_]*(?:\.[01_]*)?`,
  String.raw`[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)i?`,
].join("|");

function isWordPart(char: string): boolean {
  return /^[\p{L}\p{Nd}_]$/u.test(char);
}

/** Any other printable ASCII character is left to the parser. */
function lexOther(lexer: Lexer): boolean {
  const [char] = lexer.template.slice(lexer.offset);
  if (char === undefined) return fail(lexer, "unclosed action");
  if (char <= "\x7f" && isPrint(char)) return emit(lexer, "char", lexer.offset + 1);
  return fail(
    lexer,
    `unrecognized character in action: ${unicodeName(BigInt(char.codePointAt(0) ?? 0), { named: true })}`,
  );
}
