import { type Contender, type Command, perform, sampleName } from "./contender.js";
import { clear, createOn, openTogether, restart } from "./creates.js";
import { type Medians, type Sample, alternate } from "./measure.js";
import { memoryOfAll } from "./memory.js";
import type { Row } from "./row.js";
import type { Bench } from "./surroundings.js";

const counts = [1, 5, 20];
/** Megabytes for all of the most creates at once. */
const memoryTarget = 250;

/** Creates at once on simulated hosts, by a process each and by one process: time, and memory of all together. */
export async function parallel(bench: Bench): Promise<Row[]> {
  const ports = await bench.simulated(Math.max(...counts), { restart });
  const [ours, theirs, key] = [await bench.machine(), await bench.dockerMachine(), await bench.key()];
  const contenders = theirs === undefined ? [ours] : [ours, theirs];
  const atOnce = await openTogether();
  const together = (count: number) => atOnce(ours, ports.slice(0, count), key);
  const lines = (contender: Contender, count: number): Command[] =>
    ports.slice(0, count).map((each, index) => contender.command(createOn(each, key, `host-${String(index)}`)));

  const samples = counts.flatMap((count): Sample[] => [
    ...contenders.map((contender) => ({
      name: sampleName(contender, timeApart(count)),
      prepare: () => clear(contender),
      run: () => Promise.all(lines(contender, count).map(perform)).then(() => undefined),
    })),
    { name: timeTogether(count), prepare: () => clear(ours), run: async () => (await together(count)).seconds },
  ]);
  const median = await alternate(samples, bench.quick ? 1 : 3);

  const rows: Row[] = [];
  for (const count of counts) {
    const memory = [];
    for (const contender of contenders) {
      await clear(contender);
      memory.push(await memoryOfAll(lines(contender, count)));
    }
    const bare = await memoryOfAll(lines(ours, count).map(({ env }) => idle(env)));
    await clear(ours);
    rows.push(...timeRows(count, median, ours, theirs));
    rows.push(...memoryRows(count, memory, bare, (await together(count)).memory));
  }
  return rows;
}

const timeApart = (count: number): string => `${String(count)} creates, a process each`;
const timeTogether = (count: number): string => `${String(count)} creates, one process`;

function timeRows(count: number, median: Medians, ours: Contender, theirs: Contender | undefined): Row[] {
  const [apart, together] = [timeApart(count), timeTogether(count)];
  const reference = theirs && median(sampleName(theirs, apart));
  return [
    { name: apart, unit: "s", measured: median(sampleName(ours, apart)), reference },
    { name: together, unit: "s", measured: median(together) },
  ];
}

/** @param apart of ours, and of docker-machine where there is one */
function memoryRows(count: number, [ours = NaN, reference]: readonly number[], bare: number, together: number): Row[] {
  const target = count === Math.max(...counts) ? { target: memoryTarget } : {};
  return [
    { name: `${timeApart(count)}: memory of all`, unit: "MB", measured: ours, reference, ...target },
    { name: `${timeTogether(count)}: memory`, unit: "MB", measured: together, ...target },
    { name: `${String(count)} bare Nodes: memory of all`, unit: "MB", measured: bare },
  ];
}

/** A Node that waits long enough for all of them to have started. */
function idle(env: Command["env"]): Command {
  return { argv: [process.execPath, "-e", "setTimeout(() => {}, 1000)"], ...(env && { env }) };
}
