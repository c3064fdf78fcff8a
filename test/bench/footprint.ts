import { type Command, type Contender, perform } from "./contender.js";
import { liveMachines } from "./live-store.js";
import { createOn } from "./creates.js";
import { peakMemory } from "./memory.js";
import type { Row } from "./row.js";
import type { Bench } from "./surroundings.js";

/** What each command holds at most, its code (of which Node's is 34 MB, shared by all its processes) included. */
export async function memory(bench: Bench): Promise<Row[]> {
  const live = await liveMachines(bench, 100);
  const few = await liveMachines(bench, 3);
  const [one = ""] = live.names;
  const [host] = await bench.simulated(1);
  if (host === undefined) throw new Error("no host is simulated");
  const key = await bench.key();
  const asks = [
    ["env", one],
    ["status", one],
    ["ip", one],
    ["inspect", one],
    ["ls"],
    ["ls", "-q"],
    ["ssh", one, "true"],
  ];
  const lines: readonly (readonly string[])[] = [...asks, createOn(host, key, "made"), ["provision", "made"]];

  const measure = async (contender: Contender): Promise<number[]> => {
    await live.fill(contender.store);
    const peaks: number[] = [];
    for (const line of lines) peaks.push(await peakMemory(contender.command(line)));
    return peaks;
  };
  const ofThree = async (contender: Contender): Promise<number> => {
    await few.fill(contender.store);
    return peakMemory(contender.command(["ls"]));
  };
  const ours = await measure(await bench.machine());
  const theirs = await bench.dockerMachine();
  const reference = theirs && (await measure(theirs));
  const third = await bench.dockerMachine();
  const { env } = (await bench.machine()).command([]);
  const bare: Command = { argv: [process.execPath, "-e", "0"], ...(env && { env }) };
  await perform(bare);
  return [
    { name: "memory of a bare Node", unit: "MB", measured: await peakMemory(bare) },
    {
      name: "memory of ls of 3",
      unit: "MB",
      measured: await ofThree(await bench.machine()),
      reference: third && (await ofThree(third)),
    },
    ...lines.map(([command = "", option = ""], index): Row => ({
      name: `memory of ${command}${option === "-q" ? " -q of 100" : command === "ls" ? " of 100" : ""}`,
      unit: "MB",
      measured: ours[index] ?? NaN,
      reference: reference?.[index],
    })),
  ];
}
