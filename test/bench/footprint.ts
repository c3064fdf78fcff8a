import type { Contender } from "./contender.js";
import { createOn } from "./creates.js";
import { liveMachines } from "./live-store.js";
import { peakMemory } from "./memory.js";
import type { Row } from "./row.js";
import type { Bench } from "./surroundings.js";

/** What each command holds at most, its code included: of that Node's is 34 MB, which all its processes share. */
export async function memory(bench: Bench): Promise<Row[]> {
  const [few, many] = [await liveMachines(bench, 3), await liveMachines(bench, 100)];
  const [host] = await bench.simulated(1);
  const [one = ""] = many.names;
  if (host === undefined) throw new Error("no host is simulated");
  const made = [createOn(host, await bench.key(), "made"), ["provision", "made"]];
  const asked = [
    ["env", one],
    ["status", one],
    ["ip", one],
    ["inspect", one],
    ["ssh", one, "true"],
  ];

  const ofStore = async (contender: Contender, { fill }: typeof few, lines: readonly (readonly string[])[]) => {
    await fill(contender.store);
    const peaks: number[] = [];
    for (const line of lines) peaks.push(await peakMemory(contender.command(line)));
    return peaks;
  };
  const measure = async (open: () => Promise<Contender | undefined>): Promise<number[]> => {
    const [first, second] = [await open(), await open()];
    if (first === undefined || second === undefined) return [];
    const lists = await ofStore(first, few, [["ls"]]);
    return [...lists, ...(await ofStore(second, many, [["ls"], ["ls", "-q"], ...asked, ...made]))];
  };
  const [ours, theirs] = [await measure(() => bench.machine()), await measure(bench.dockerMachine)];
  const { env } = await bench.machine();
  const names = ["ls of 3", "ls of 100", "ls -q of 100", ...[...asked, ...made].map(([command = ""]) => command)];
  return [
    {
      name: "memory of a bare Node",
      unit: "MB",
      measured: await peakMemory({ argv: [process.execPath, "-e", "0"], env }),
    },
    ...names.map((name, index): Row => ({
      name: `memory of ${name}`,
      unit: "MB",
      measured: ours[index] ?? NaN,
      reference: theirs[index],
    })),
  ];
}
