import type { Io } from "./io.js";
import type { DriverState, Machine } from "./machine.js";

/**
 * Named work with an undo. A step that makes a thing returns its id and stops; waiting is the next step.
 * The name is an imperative that a user understands, unique in its list.
 */
export interface Step<S extends DriverState = DriverState> {
  readonly name: string;
  /** The step is skipped where this says no. */
  when?(state: Readonly<S>): boolean;
  /** Returns what changed in the state. Safe to run again after a crash. */
  run(machine: Machine<S>, io: Io): Promise<Partial<S> | void>;
  /** Takes away what `run` made, also what it made half; fine when there is nothing. */
  undo?(machine: Machine<S>, io: Io): Promise<void>;
}
