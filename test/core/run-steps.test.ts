import { describe, expect, test } from "vitest";
import { runSteps, undoSteps } from "../../src/core/create/run-steps.js";
import { fakeIo } from "../../src/driver/conformance.js";
import type { DriverState, Machine, Step, StepEvent } from "../../src/driver/index.js";

const machine: Machine = { name: "web-1", dir: "/nowhere", state: { IPAddress: "" } as DriverState };

function step(name: string, more: Partial<Step> = {}): Step {
  return { name, run: () => Promise.resolve(), ...more };
}

function context(signal?: AbortSignal): Parameters<typeof runSteps>[2] & { readonly events: readonly StepEvent[] } {
  const events: StepEvent[] = [];
  const io = fakeIo();
  return { io: signal === undefined ? io : { ...io, signal }, events, report: (event) => events.push(event) };
}

function journal(done: string[] = []): Parameters<typeof runSteps>[3] & { noted: [string, object][] } {
  const noted: [string, object][] = [];
  return {
    done: new Set(done),
    noted,
    note: (name, changes) => {
      noted.push([name, changes]);
      return Promise.resolve();
    },
  };
}

describe("steps", () => {
  test("hand what they change to the next one, and have it noted first", async () => {
    const notes = journal();
    const seen: string[] = [];
    const end = await runSteps(
      [
        step("find an address", { run: () => Promise.resolve({ IPAddress: "192.0.2.7" }) }),
        step("use the address", {
          run: ({ state }) => {
            seen.push(`${state.IPAddress} after ${String(notes.noted.length)} note`);
            return Promise.resolve();
          },
        }),
      ],
      machine,
      context(),
      notes,
    );
    expect(seen).toEqual(["192.0.2.7 after 1 note"]);
    expect(end.state.IPAddress).toBe("192.0.2.7");
    expect(notes.noted).toEqual([
      ["find an address", { IPAddress: "192.0.2.7" }],
      ["use the address", {}],
    ]);
  });

  test("that are done or do not apply are skipped, and say so", async () => {
    const skipping = context();
    const fail = (): never => {
      throw new Error("must not run");
    };
    await runSteps(
      [step("make it", { run: fail }), step("warm it", { run: fail, when: () => false })],
      machine,
      skipping,
      journal(["make it"]),
    );
    expect(skipping.events.map(({ type, step: name }) => `${type} ${String(name)}`)).toEqual([
      "skipped make it",
      "skipped warm it",
    ]);
  });

  test("stop at the first that fails, with its error", async () => {
    const failing = context();
    const error = new Error("no room");
    const steps = [step("make it", { run: () => Promise.reject(error) }), step("use it")];
    await expect(runSteps(steps, machine, failing, journal())).rejects.toBe(error);
    expect(failing.events.map(({ type }) => type)).toEqual(["started", "failed"]);
  });

  test("stop as interrupted when the signal aborts", async () => {
    const aborted = context(AbortSignal.abort());
    await expect(runSteps([step("make it")], machine, aborted, journal())).rejects.toMatchObject({
      code: "interrupted",
    });
  });

  test("show the lines of each step as that step's, and of its undoing too", async () => {
    const talking = context();
    const steps = ["make it", "use it"].map((name) =>
      step(name, {
        run: (_, { output, notice }) => {
          output("working");
          notice("look here");
          return Promise.resolve();
        },
        undo: (_, { notice }) => {
          notice("gone");
          return Promise.resolve();
        },
      }),
    );
    await runSteps(steps, machine, talking, journal());
    await undoSteps(steps, machine, talking);
    const lines = talking.events.flatMap((event) =>
      "line" in event ? [[event.type, event.machine, event.step, event.line]] : [],
    );
    expect(lines).toEqual([
      ["output", "web-1", "make it", "working"],
      ["notice", "web-1", "make it", "look here"],
      ["output", "web-1", "use it", "working"],
      ["notice", "web-1", "use it", "look here"],
      ["notice", "web-1", "use it", "gone"],
      ["notice", "web-1", "make it", "gone"],
    ]);
  });
});

describe("undoing", () => {
  test("goes from the last to the first, past failures, and names what is left", async () => {
    const order: string[] = [];
    const undo = (name: string, error?: Error) => (): Promise<void> => {
      order.push(name);
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    };
    const undoing = context();
    const left = await undoSteps(
      [
        step("one", { undo: undo("one") }),
        step("two", { undo: undo("two", new Error("locked")) }),
        step("three", { undo: undo("three") }),
      ],
      machine,
      undoing,
    );
    expect(order).toEqual(["three", "two", "one"]);
    expect(left).toEqual(["two: locked"]);
    expect(undoing.events.map(({ type }) => type)).toEqual(["undone", "undo-failed", "undone"]);
  });
});
