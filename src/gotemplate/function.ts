import type { Value } from "./value.js";

/** What a parameter accepts: a string, anything (nil becomes nil), or the value as it was found. */
export type Parameter = "string" | "any" | "value";

/** A function of the template language. */
export interface GoFunction {
  /** The parameters that are always there. */
  readonly parameters: readonly Parameter[];
  /** Accepts any number of further arguments. */
  readonly variadic?: Parameter;
  /** For `and` and `or`: the truth at which the rest is not evaluated. */
  readonly stopsAt?: boolean;
  /** Throws a MachineError with Go's text, to which the place in the template is added. */
  readonly call: (args: readonly (Value | undefined)[]) => Value | undefined;
}
