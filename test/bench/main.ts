import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { forHosts, installPrerequisites } from "../support/prerequisites.js";
import { bare, create } from "./create.js";
import { memory } from "./footprint.js";
import { list } from "./list.js";
import { hosts } from "./hosts.js";
import { gnuTime } from "./memory.js";
import { parallel } from "./parallel.js";
import { judge, table, type Row } from "./row.js";
import { show } from "./show.js";
import { type Bench, openBench } from "./surroundings.js";

// `npm run bench [-- --quick] [-- --only create,list]`: JSON on stdout, the table and progress on stderr. REF_BIN names
// a docker-machine to measure beside ours, BENCH_NODE another Node to run `env`, `status` and `ip` by.
const suites: Readonly<Record<string, (bench: Bench) => Promise<Row[]>>> = {
  show,
  list,
  create,
  bare,
  parallel,
  hosts,
  memory,
};

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false }, only: { type: "string" } } });
const chosen = values.only?.split(",") ?? Object.keys(suites);

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

const { bench, close } = openBench({ quick: values.quick, tell });
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void close().finally(() => process.exit(130)));
}
try {
  await installPrerequisites([...forHosts, gnuTime]);
  const rows: Row[] = [];
  for (const name of chosen) {
    const suite = suites[name];
    if (suite === undefined) throw new Error(`there is no "${name}", only ${Object.keys(suites).join(", ")}`);
    tell(`measuring: ${name}`);
    rows.push(...(await suite(bench)));
  }
  const judged = rows.map(judge);
  const about = {
    node: process.version,
    cpus: cpus().length,
    quick: values.quick,
    extraCaCerts: process.env["NODE_EXTRA_CA_CERTS"] ?? "",
  };
  process.stdout.write(`${JSON.stringify({ ...about, rows: judged }, null, 2)}\n`);
  tell(table(judged));
  if (process.env["NODE_EXTRA_CA_CERTS"]) {
    tell("NODE_EXTRA_CA_CERTS is set: Node 20 reads those certificates at every start, also at a bare one.");
  }
} finally {
  await close();
}
