import type { MachineError } from "./error.js";
import type { Io } from "./io.js";

/** One thing that `machine doctor` looks at. Checks know nothing of each other: all run at once. */
export interface Check {
  /** In a word or two, e.g. `engine`. */
  readonly what: string;
  /**
   * Changes nothing. Undefined: there is nothing to say, e.g. since another check says it.
   * @throws MachineError what stands in the way; its hint says how to mend it
   */
  readonly run: (io: Io) => Promise<Finding | undefined> | Finding | undefined;
}

/** What a check has found that stands in nobody's way. */
export interface Finding {
  readonly level: "ok" | "warning";
  readonly text: string;
  /** How to mend it: one line, no full stop. */
  readonly hint?: string | undefined;
}

/** A check of what has gone wrong already. */
export function failed(what: string, error: MachineError): Check {
  return {
    what,
    run: () => {
      throw error;
    },
  };
}

export function ok(text: string): Finding {
  return { level: "ok", text };
}

export function warning(text: string, hint?: string): Finding {
  return { level: "warning", text, hint };
}
