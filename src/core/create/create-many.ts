import { createMachine } from "./create.js";
import type { PlannedMachine } from "./plan.js";
import type { Session } from "../session/session.js";

/** So many machines are made at once. */
const atOnce = 8;

/**
 * Makes machines, in the order given and some at once. One that fails keeps no other from it; after Ctrl-C no more are
 * begun.
 * @returns the names of those that are complete, and what went wrong with others
 */
export async function createMachines(
  session: Session,
  planned: readonly PlannedMachine[],
): Promise<{ readonly made: ReadonlySet<string>; readonly errors: readonly unknown[] }> {
  const made = new Set<string>();
  const errors: unknown[] = [];
  const left = planned.values();
  const work = async (): Promise<void> => {
    for (const one of left) {
      if (session.signal.aborted) return;
      await createMachine(session, one).then(
        () => made.add(one.request.name),
        (error: unknown) => errors.push(error),
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { made, errors };
}
