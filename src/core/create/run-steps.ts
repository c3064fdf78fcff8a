import { interrupted, messageOf, type DriverState, type Io, type Machine, type Step } from "../../driver/index.js";
import { linesOf } from "../session/io.js";
import type { Session } from "../session/session.js";

/** What steps work with: each gets an {@link Io} whose lines are its own. */
export interface StepContext extends Pick<Session, "report"> {
  readonly io: Io;
}

/** What is remembered of steps while they run. */
export interface StepJournal {
  /** Names of the steps that are done already. */
  readonly done: ReadonlySet<string>;
  /** Called after each step, before the next: saves what it changed, then notes its name. */
  note(step: string, changes: Partial<DriverState>): Promise<void>;
}

/**
 * Runs the steps in order and returns the machine as they left it. A crash between a step and its note repeats that
 * one step, which is allowed.
 * @throws the failed step's error, which says the machine and the step; nothing is undone: see {@link undoSteps}
 */
export async function runSteps(
  steps: readonly Step[],
  machine: Machine,
  { io, report }: StepContext,
  journal: StepJournal,
): Promise<Machine> {
  let now = machine;
  for (const step of steps) {
    const event = { machine: machine.name, step: step.name };
    if (journal.done.has(step.name) || step.when?.(now.state) === false) {
      report({ type: "skipped", ...event, at: io.now() });
      continue;
    }
    await asStep({ io, report }, event, async (its) => {
      io.signal.throwIfAborted();
      const changes = (await step.run(now, its)) ?? {};
      now = { ...now, state: { ...now.state, ...changes } };
      await journal.note(step.name, changes);
    }).catch((error: unknown) => {
      throw io.signal.aborted ? interrupted(error) : error;
    });
  }
  return now;
}

/** Reports the begin and the end of what is done as one step. @param work is given an {@link Io} whose lines are the step's */
export async function asStep<T>(
  { io, report }: StepContext,
  event: { readonly machine: string; readonly step: string },
  work: (io: Io) => Promise<T>,
): Promise<T> {
  report({ type: "started", ...event, at: io.now() });
  try {
    const result = await work({ ...io, ...linesOf({ report }, event) });
    report({ type: "done", ...event, at: io.now() });
    return result;
  } catch (error) {
    report({ type: "failed", ...event, at: io.now(), error });
    throw error;
  }
}

/** Undoes the steps, last first; a failure is reported and does not stop the others. Returns what could not be undone. */
export async function undoSteps(
  steps: readonly Step[],
  machine: Machine,
  { io, report }: StepContext,
): Promise<string[]> {
  const left: string[] = [];
  for (const step of [...steps].reverse()) {
    if (step.undo === undefined) continue;
    const event = { machine: machine.name, step: step.name };
    try {
      await step.undo(machine, { ...io, ...linesOf({ report }, event) });
      report({ type: "undone", ...event, at: io.now() });
    } catch (error) {
      report({ type: "undo-failed", ...event, at: io.now(), error });
      left.push(`${step.name}: ${messageOf(error)}`);
    }
  }
  return left;
}
