import { clear, openTogether, restart } from "./creates.js";
import { type Sample, alternate } from "./measure.js";
import type { Row } from "./row.js";
import type { Bench } from "./surroundings.js";

/** Hosts provisioned at once by one process: what each of them costs, and that twice as many take twice as long. */
export async function hosts(bench: Bench): Promise<Row[]> {
  const counts = bench.quick ? [10, 20, 40] : [50, 100, 200];
  const [few, , many] = counts as [number, number, number];
  const ports = await bench.simulated(many, { restart });
  const [ours, key] = [await bench.machine(), await bench.key()];
  const together = await openTogether();
  const memory = new Map<number, number>();
  const provision = (count: number): Sample => ({
    name: `${String(count)} simulated hosts at once`,
    prepare: () => clear(ours),
    run: async () => {
      const told = await together(ours, ports.slice(0, count), key);
      memory.set(count, Math.max(memory.get(count) ?? 0, told.memory));
      return told.seconds;
    },
  });
  const median = await alternate(counts.map(provision), bench.quick ? 1 : 3);
  const time = (count: number): number => median(provision(count).name);
  const used = (count: number): number => memory.get(count) ?? NaN;
  return [
    ...counts.map((count): Row => ({ name: provision(count).name, unit: "s", measured: time(count) })),
    {
      name: `time a host, of ${String(many)}`,
      unit: "s",
      measured: time(many) / many,
      floor: { of: `time a host, of ${String(few)}`, measured: time(few) / few },
      // In line with their number, but for what disturbs the computer.
      target: 1.2,
    },
    ...counts.map((count): Row => ({ name: `${provision(count).name}: memory`, unit: "MB", measured: used(count) })),
    { name: "memory a host more", unit: "MB", measured: (used(many) - used(few)) / (many - few) },
  ];
}
