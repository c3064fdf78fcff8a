import { type Contender, perform, sampleName } from "./contender.js";
import { liveMachines } from "./live-store.js";
import { type Sample, alternate } from "./measure.js";
import type { Row } from "./row.js";
import { bareStart } from "./show.js";
import type { Bench } from "./surroundings.js";

const many = 100;
const lists: readonly { readonly args: readonly string[]; readonly count: number; readonly target?: number }[] = [
  { args: ["ls"], count: 3 },
  { args: ["ls"], count: many, target: 4 },
  { args: ["ls", "-q"], count: many, target: 1.5 },
];

/** `ls` of machines that are all alive, over a bare Node start. */
export async function list(bench: Bench): Promise<Row[]> {
  const stores = new Map<number, readonly Contender[]>();
  for (const count of [3, many]) {
    const machines = await liveMachines(bench, count);
    const theirs = await bench.dockerMachine();
    const contenders = [await bench.machine(), ...(theirs ? [theirs] : [])];
    for (const { store } of contenders) await machines.fill(store);
    stores.set(count, contenders);
  }
  const samples = lists.flatMap(({ args, count }) =>
    (stores.get(count) ?? []).map((contender) => listing(contender, args, count)),
  );
  const start = bareStart(await bench.machine());
  const median = await alternate([start, ...samples], bench.quick ? 3 : 15);
  return lists.map(({ args, count, target }): Row => {
    const [ours, theirs] = (stores.get(count) ?? []).map((one) => median(listing(one, args, count).name));
    return {
      name: `${args.join(" ")} of ${String(count)}`,
      unit: "s",
      measured: ours ?? NaN,
      floor: { of: "bare Node start", measured: median(start.name) },
      ...(target === undefined ? {} : { target }),
      reference: theirs,
    };
  });
}

function listing(contender: Contender, args: readonly string[], count: number): Sample {
  return {
    name: sampleName(contender, `${args.join(" ")} of ${String(count)}`),
    run: async () => {
      const lines = (await perform(contender.command(args))).split("\n");
      const rows = args.includes("-q") ? lines : lines.slice(1).filter((line) => line.includes("Running"));
      if (rows.length !== count)
        throw new Error(`${contender.name}: ${String(count)} machines are alive, not all of\n${lines.join("\n")}`);
    },
  };
}
