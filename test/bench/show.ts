import { type Contender, perform, sampleName } from "./contender.js";
import { liveMachines } from "./live-store.js";
import { type Medians, type Sample, alternate } from "./measure.js";
import type { Row } from "./row.js";
import type { Bench } from "./surroundings.js";

const commands = ["env", "status", "ip"];
/** What docker asks of its plugins at each of its helps. */
const metadata = "docker-cli-plugin-metadata";

/** What a shell waits for, over the bare start of the same Node: by this one, and by BENCH_NODE where it names another. */
export async function show(bench: Bench): Promise<Row[]> {
  const machines = await liveMachines(bench, 1);
  const [name = ""] = machines.names;
  const ours: ByNode[] = [];
  for (const node of [process.execPath, process.env["BENCH_NODE"] ?? ""].filter(Boolean)) {
    const version = await perform({ argv: [node, "--version"] });
    ours.push({ node, version, contender: await bench.machine(node) });
  }
  const theirs = await bench.dockerMachine();
  const contenders = [...ours.map(({ contender }) => contender), ...(theirs === undefined ? [] : [theirs])];
  for (const { store } of contenders) await machines.fill(store);

  const ask = (contender: Contender, version = ""): Sample[] =>
    commands.map((command) => ({
      name: sampleName(contender, command + version),
      run: () => perform(contender.command([command, name])),
    }));
  const samples = ours.flatMap(({ node, version, contender }) => [
    bareStart(contender, node, version),
    ...ask(contender, version),
    { name: sampleName(contender, metadata + version), run: () => perform(contender.command([metadata])) },
  ]);
  const median = await alternate([...samples, ...(theirs ? ask(theirs) : [])], bench.quick ? 5 : 21);
  return ours.flatMap((one) => rowsOf(one, median, theirs));
}

interface ByNode {
  readonly node: string;
  readonly version: string;
  readonly contender: Contender;
}

function rowsOf({ node, version, contender }: ByNode, median: Medians, theirs: Contender | undefined): Row[] {
  const { name } = bareStart(contender, node, version);
  const floor = { of: "bare Node start", measured: median(name) };
  return [
    { name, unit: "s", measured: median(name) },
    ...commands.map((command): Row => ({
      name: `${command} (Node ${version})`,
      unit: "s",
      measured: median(sampleName(contender, command + version)),
      floor,
      target: 1.3,
      reference: theirs && median(sampleName(theirs, command)),
    })),
    {
      name: `${metadata} (Node ${version})`,
      unit: "s",
      measured: median(sampleName(contender, metadata + version)),
      floor,
      target: 1.2,
    },
  ];
}

/** A Node that starts and does nothing, in the environment of what is compared with it. */
export function bareStart({ env }: Contender, node = process.execPath, version = process.version): Sample {
  return { name: `bare Node start (${version})`, run: () => perform({ argv: [node, "-e", "0"], env }) };
}
