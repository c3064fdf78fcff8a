import { describe, expect, test } from "vitest";
import { alternate } from "./measure.js";
import { judge, table } from "./row.js";

describe("a row of the benchmark", () => {
  const floor = { of: "a bare start", measured: 0.5 };

  test("holds while its ratio over the floor is no greater than the target", () => {
    const row = { name: "env", unit: "s", floor, target: 1.5 } as const;
    expect(judge({ ...row, measured: 0.75 })).toMatchObject({ ratio: 1.5, holds: true });
    expect(judge({ ...row, measured: 0.8 })).toMatchObject({ ratio: 1.6, holds: false });
  });

  test("without a floor is held to the target itself, and without a target to nothing", () => {
    const row = { name: "memory", unit: "MB", measured: 251 } as const;
    expect(judge({ ...row, target: 250 })).toMatchObject({ holds: false });
    expect(judge(row)).toEqual(row);
  });

  test("stands beside what docker-machine takes, over the same floor", () => {
    const judged = judge({ name: "env", unit: "s", measured: 0.6, floor, target: 1.3, reference: 2 });
    expect(table([judged]).split("\n")[1]?.split(/ {2,}/)).toEqual([
      ...["env", "0.600 s", "0.500 s", "1.20", "1.30", "holds", "2.000 s", "4.00", "a bare start"],
    ]);
  });
});

test("samples take turns, and the median of each is kept", async () => {
  const turns: string[] = [];
  const sample = (name: string, figures: number[]) => ({
    name,
    run: () => Promise.resolve(turns.push(name)).then(() => figures.shift()),
  });
  const median = await alternate([sample("one", [9, 1, 5]), sample("other", [2, 8, 4])], 3);
  expect(turns.join(" ")).toBe("one other one other one other");
  expect([median("one"), median("other")]).toEqual([5, 4]);
});
