import { MachineError } from "./error.js";
import type { Io } from "./io.js";

/**
 * One thing that a person may set. Declared once; flag, environment variable, help, prompt, docs and
 * lab schema come from it.
 */
export interface Option<T> {
  readonly kind: "text" | "integer" | "boolean" | "list" | "choice";
  readonly help: string;
  /** Value where nothing is given; undefined: the option has none. */
  readonly default: T;
  /** Environment variable, where it differs from the rule (see {@link names}); null for none. */
  readonly env?: string | null;
  /** Flag without the dashes, where it differs from the rule. */
  readonly flag?: string;
  /** One letter. */
  readonly short?: string;
  /** The wizard asks for it. */
  readonly ask?: boolean;
  /** Never shown, never saved. */
  readonly secret?: boolean;
  readonly choices?: readonly string[];
  /** Bounds of an integer. */
  readonly min?: number;
  readonly max?: number;
  /** Takes typed text and JSON values alike. @throws Error with the reason, e.g. "must be at least 1" */
  parse(given: unknown): T;
  /**
   * What the wizard asks outside about an answer at once, e.g. whether the host is there. `plan` checks it all the same.
   * @param values of the driver's other options, as far as they are known
   * @throws MachineError with the reason
   */
  check?(value: T, values: Values<Options>, io: Io): Promise<void>;
}

export type Options = Readonly<Record<string, Option<unknown>>>;
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

type OptionFacts<T> = Partial<Pick<Option<T>, "env" | "flag" | "short" | "ask" | "secret" | "check">> & {
  readonly help: string;
};

export function text(facts: OptionFacts<string>): Option<string | undefined>;
export function text(facts: OptionFacts<string> & { readonly default: string }): Option<string>;
export function text(facts: OptionFacts<string> & { readonly default?: string }): Option<string | undefined> {
  return { ...facts, kind: "text", default: facts.default, parse: asText };
}

export function integer(
  facts: OptionFacts<number> & { readonly min?: number; readonly max?: number },
): Option<number | undefined>;
export function integer(
  facts: OptionFacts<number> & { readonly default: number; readonly min?: number; readonly max?: number },
): Option<number>;
export function integer(
  facts: OptionFacts<number> & { readonly default?: number; readonly min?: number; readonly max?: number },
): Option<number | undefined> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = facts;
  const parse = (given: unknown): number => {
    const value = typeof given === "number" ? given : Number(asText(given).trim() || Number.NaN);
    if (!Number.isSafeInteger(value)) throw new Error(`must be a whole number, not "${String(given)}"`);
    if (value < min) throw new Error(`must be at least ${String(min)}`);
    if (value > max) throw new Error(`must be at most ${String(max)}`);
    return value;
  };
  return { ...facts, kind: "integer", default: facts.default, parse };
}

/** Words as Go's strconv.ParseBool knows them. */
export function boolean(facts: OptionFacts<boolean> & { readonly default?: boolean }): Option<boolean> {
  const parse = (given: unknown): boolean => {
    const word = String(given);
    if (/^(1|t|T|TRUE|true|True)$/.test(word)) return true;
    if (/^(0|f|F|FALSE|false|False)$/.test(word)) return false;
    throw new Error(`must be true or false, not "${word}"`);
  };
  return { ...facts, kind: "boolean", default: facts.default ?? false, parse };
}

/** Repeatable; from one text (an environment variable): split at commas, each part trimmed. */
export function list(
  facts: OptionFacts<readonly string[]> & { readonly default?: readonly string[] },
): Option<readonly string[]> {
  const parse = (given: unknown): readonly string[] =>
    Array.isArray(given)
      ? given.map(asText)
      : asText(given)
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== "");
  return { ...facts, kind: "list", default: facts.default ?? [], parse };
}

export function choice<const C extends string>(choices: readonly C[], facts: OptionFacts<C>): Option<C | undefined>;
export function choice<const C extends string>(
  choices: readonly C[],
  facts: OptionFacts<C> & { readonly default: NoInfer<C> },
): Option<C>;
export function choice<const C extends string>(
  choices: readonly C[],
  facts: OptionFacts<C> & { readonly default?: NoInfer<C> },
): Option<C | undefined> {
  const parse = (given: unknown): C => {
    const found = choices.find((one) => one === given);
    if (found === undefined) throw new Error(`must be one of ${choices.join(", ")}, not "${String(given)}"`);
    return found;
  };
  return { ...facts, kind: "choice", default: facts.default, choices, parse };
}

/** The flag and the variable of an option: `cpuCount` of `virtualbox` is `virtualbox-cpu-count` and `VIRTUALBOX_CPU_COUNT`. */
export function names(key: string, option: Option<unknown>, prefix = ""): { flag: string; env: string | undefined } {
  const words = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const flag = option.flag ?? (prefix === "" ? words : `${prefix}-${words}`);
  const byRule = prefix === "" ? undefined : flag.toUpperCase().replaceAll("-", "_");
  return { flag, env: option.env === undefined ? byRule : (option.env ?? undefined) };
}

/** Raw values by option key: text or list from the command line or the environment, JSON from a lab file. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * The first source that has a key wins, then the option's default; a list adds up, the last source first, as
 * docker-machine adds what is typed to what a variable holds.
 * @throws MachineError `usage` with every problem at once
 */
export function resolve<O extends Options>(options: O, sources: readonly Given[], prefix = ""): Values<O> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(options)) {
    const given = sources.map((one) => one[key]).filter((one) => one !== undefined);
    try {
      const parsed = given.map((one) => option.parse(one));
      values[key] =
        option.kind === "list" && parsed.length > 0 ? parsed.reverse().flat() : (parsed[0] ?? option.default);
    } catch (error) {
      problems.push(`--${names(key, option, prefix).flag} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (problems.length > 0) throw new MachineError("usage", problems.join("\n"));
  return values as Values<O>;
}

/** What the environment gives for these options. An empty variable counts as not set. */
export function fromEnv(options: Options, env: Readonly<Record<string, string | undefined>>, prefix = ""): Given {
  const given: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(options)) {
    const name = names(key, option, prefix).env;
    if (name !== undefined && env[name]) given[key] = env[name];
  }
  return given;
}

function asText(given: unknown): string {
  if (typeof given === "string") return given;
  if (typeof given === "number" || typeof given === "boolean") return String(given);
  throw new Error("must be text");
}
