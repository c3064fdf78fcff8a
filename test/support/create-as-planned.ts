import { expect } from "vitest";
import { answersOf } from "./answers.js";
import type { Finished } from "./command.js";

interface Event {
  readonly type: string;
  readonly step?: string;
  readonly line?: string;
}

/**
 * Makes a machine with --json, and expects that it goes through the steps that `--dry-run` names, in their order, and
 * that each line of them is told as that of the step under way.
 * @param machine runs the program
 * @param options what create is given beside
 */
export async function createAsPlanned(
  machine: (...args: readonly string[]) => Promise<Finished>,
  ...options: readonly string[]
): Promise<Finished> {
  const planned = await machine("create", "--dry-run", ...options);
  expect(planned.code, planned.stderr).toBe(0);
  const { Steps } = JSON.parse(planned.stdout) as { readonly Steps: readonly string[] };
  const created = await machine("create", "--json", ...options);
  expect(created.code, created.stderr).toBe(0);
  const events = (await answersOf("events", created.stderr)) as readonly Event[];
  expect(events.flatMap(({ type, step }) => (type === "done" ? [step] : []))).toEqual(Steps);
  let current: string | undefined;
  for (const { type, step, line } of events) {
    if (type === "started") current = step;
    else if (type !== "message" && type !== "skipped") expect(step, line).toBe(current);
  }
  return created;
}
