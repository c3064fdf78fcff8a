const simpleEscapes: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

const noCharacter = "\ufffd";

/** A text as a double-quoted Go literal; with `ascii`, everything outside ASCII is escaped. */
export function quote(text: string, ascii = false): string {
  return `"${Array.from(text, (char) => escaped(char, '"', ascii)).join("")}"`;
}

/** A code point as a Go character literal, e.g. `'x'`; what is no code point counts as U+FFFD. */
export function quoteRune(rune: bigint, ascii = false): string {
  return `'${escaped(character(rune), "'", ascii)}'`;
}

/** The character of a code point; U+FFFD when there is none. */
export function character(rune: bigint): string {
  const none = rune < 0n || rune > 0x10ffffn || (rune >= 0xd800n && rune <= 0xdfffn);
  return none ? noCharacter : String.fromCodePoint(Number(rune));
}

/** `U+0041`, with `named` also the character where it can be printed: `U+0041 'A'`. */
export function unicodeName(rune: bigint, { named = false, digits = 4 } = {}): string {
  const name = `U+${BigInt.asUintN(64, rune).toString(16).toUpperCase().padStart(digits, "0")}`;
  const isCharacter = character(rune) !== noCharacter || rune === 0xfffdn;
  return named && isCharacter && isPrint(character(rune)) ? `${name} '${character(rune)}'` : name;
}

/** True when a raw (back-quoted) Go literal can hold the text unchanged. */
export function canBackquote(text: string): boolean {
  return !/[^\P{Cc}\t]|[\x7f`\ufeff]/u.test(text);
}

/** As Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrint(char: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char);
}

function escaped(char: string, delimiter: string, ascii: boolean): string {
  if (char === delimiter) return `\\${char}`;
  const simple = simpleEscapes[char];
  if (simple !== undefined) return simple;
  const code = char.codePointAt(0) ?? 0;
  if (isPrint(char) && (!ascii || code < 0x80)) return char;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
