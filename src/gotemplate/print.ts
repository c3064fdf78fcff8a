import { display, format } from "./format.js";
import { typeOf, unbox, type Value } from "./value.js";

type PrintArguments = readonly (Value | undefined)[];

/** fmt.Sprint: a space between two operands when neither is a string. */
export function print(args: PrintArguments): string {
  return args.map((arg, i) => (i > 0 && !isString(arg) && !isString(args[i - 1]) ? " " : "") + display(arg)).join("");
}

/** fmt.Sprintln: always a space between operands, and a newline at the end. */
export function println(args: PrintArguments): string {
  return `${args.map(display).join(" ")}\n`;
}

/** fmt.Sprintf: what does not fit is told in the text, as in `%!d(MISSING)` and `%!(EXTRA int=1)`; never an error. */
export function printf(text: string, args: PrintArguments): string {
  const reader: Reader = { args, next: 0, reordered: false };
  const parts = text.replace(directives, (_, ...groups: Groups) => formatDirective(groups, reader));
  return reader.reordered || reader.next >= args.length ? parts : parts + extra(args.slice(reader.next));
}

type Groups = (string | undefined)[];

/** Flags, argument index, width, dot with an index and the precision, index, verb. A dot at the end is a verb. */
const directives =
  /%([#0+\- ]*)(\[(?:[^\]]*\])?)?(\*|\d+)?(?:(\.)(?=.)(\[(?:[^\]]*\])?)?(\*|\d+)?)?(\[(?:[^\]]*\])?)?(.)?/gsu;

/** Go's bound for widths and precisions. */
const largest = 1_000_000;

/** Where printf is among its arguments. */
interface Reader {
  readonly args: PrintArguments;
  next: number;
  /** An explicit index was used, so arguments left over are fine. */
  reordered: boolean;
}

function formatDirective(groups: Groups, reader: Reader): string {
  const [flags = "", first, width, dot, second, precision, third, verb] = groups;
  const misplaced = first !== undefined && width !== "*" && (width !== undefined || dot !== undefined);
  let valid = moveTo(first, reader) && !misplaced;
  const wide = amount(width, reader);
  valid = moveTo(second, reader) && valid;
  const precise = dot === undefined ? undefined : amount(precision ?? "0", reader);
  valid = moveTo(third, reader) && valid;

  if (verb === undefined || isHuge(width) || isHuge(precision)) return "%!(NOVERB)";
  const badPrecision = Number.isNaN(precise) || (precise ?? 0) < 0;
  const warning = (Number.isNaN(wide) ? "%!(BADWIDTH)" : "") + (badPrecision ? "%!(BADPREC)" : "");
  if (verb === "%") return `${warning}%`;
  if (!valid) return `${warning}%!${verb}(BADINDEX)`;
  if (reader.next >= reader.args.length) return `${warning}%!${verb}(MISSING)`;

  const minus = flags.includes("-") || (wide ?? 0) < 0;
  const goSyntax = verb === "v";
  const text = format(reader.args[reader.next], {
    verb,
    width: Math.abs(wide ?? 0) || undefined,
    precision: badPrecision ? undefined : precise,
    minus,
    zero: flags.includes("0") && !minus,
    space: flags.includes(" "),
    plus: flags.includes("+") && !goSyntax,
    sharp: flags.includes("#") && !goSyntax,
    named: flags.includes("+") && goSyntax,
    syntax: flags.includes("#") && goSyntax,
  });
  reader.next += 1;
  return warning + text;
}

/** Follows an explicit argument index such as `[2]`; false when there is no such argument. */
function moveTo(index: string | undefined, reader: Reader): boolean {
  if (index === undefined) return true;
  reader.reordered = true;
  const position = /^\[\d+\]$/.test(index) ? Number(index.slice(1, -1)) : 0;
  if (position < 1 || position > reader.args.length) return false;
  reader.next = position - 1;
  return true;
}

/** A width or precision; `*` takes it from the arguments, NaN when that is no integer of a sensible size. */
function amount(text: string | undefined, reader: Reader): number | undefined {
  if (text !== "*") return text === undefined ? undefined : Number(text);
  if (reader.next >= reader.args.length) return NaN;
  const value = unbox(reader.args[reader.next]);
  reader.next += 1;
  const number = value?.kind === "int" ? Number(value.int) : NaN;
  return Math.abs(number) <= largest ? number : NaN;
}

/** Go stops reading digits once it has more than a million. */
function isHuge(digits: string | undefined): boolean {
  return Number((digits ?? "").slice(0, -1)) > largest;
}

function extra(args: PrintArguments): string {
  const shown = args.map((arg) => {
    const value = unbox(arg);
    return value === undefined ? "<nil>" : `${typeOf(value)}=${display(value)}`;
  });
  return `%!(EXTRA ${shown.join(", ")})`;
}

function isString(value: Value | undefined): boolean {
  return unbox(value)?.kind === "string";
}
