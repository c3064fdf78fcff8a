import type { Launcher } from "./launcher.js";
import type { Region } from "./region.js";

/** Of one call: where it acts. */
export interface Context {
  readonly region: Region;
  /** Names of those that the account has enabled. */
  readonly regions: readonly string[];
  readonly launcher: Launcher;
  /** Of launches: milliseconds that an instance stays pending before it is launched at all. */
  readonly pendingMs: number;
  /** Of launches: the instance ends at once, for this reason. */
  readonly dies: string | undefined;
}

/** Checks a request, by throwing a Failure, and returns what then carries it out (not called for a dry run). */
export type Handler<I, O> = (context: Context, input: I) => () => Omit<O, "$metadata">;
