/** Something to be measured. `run` may return the figure itself; else it is the seconds that it takes. */
export interface Sample {
  readonly name: string;
  /** Before each run, not measured. */
  readonly prepare?: () => Promise<unknown>;
  readonly run: () => Promise<unknown>;
}

/** What was measured, by the names of the samples. */
export type Medians = (name: string) => number;

/**
 * Runs each sample once, then each once more, and so on: what disturbs the computer for a while disturbs all alike.
 * The first round of many is to fill caches and does not count. Resolves with the medians.
 */
export async function alternate(samples: readonly Sample[], repetitions: number): Promise<Medians> {
  const figures = new Map<string, number[]>(samples.map(({ name }) => [name, []]));
  const warmUp = repetitions > 5 ? 1 : 0;
  for (let round = 0; round < repetitions + warmUp; round++) {
    for (const { name, prepare, run } of samples) {
      await prepare?.();
      const figure = await seconds(run);
      if (round >= warmUp) figures.get(name)?.push(figure);
    }
  }
  return (name) => median(figures.get(name) ?? []);
}

async function seconds(run: Sample["run"]): Promise<number> {
  const begin = performance.now();
  const own = await run();
  return typeof own === "number" ? own : (performance.now() - begin) / 1_000;
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  if (low === undefined || high === undefined) throw new Error("nothing was measured");
  return (low + high) / 2;
}
