import { PassThrough, Readable } from "node:stream";
import { main } from "../../src/main.js";

// Runs command lines all at once in this process. Usage: one-process.ts JSON, a list of lists of words. Prints the
// seconds that they took and the peak of the process's memory in MB, as JSON.
const lines = JSON.parse(process.argv[2] ?? "[]") as string[][];
const begin = performance.now();
const statuses = await Promise.all(lines.map(run));
const seconds = (performance.now() - begin) / 1_000;
const memory = (process.resourceUsage().maxRSS * 1_024) / 1_000_000;
process.stdout.write(`${JSON.stringify({ seconds, memory })}\n`);
process.exitCode = statuses.every((status) => status === 0) ? 0 : 1;

async function run(argv: readonly string[]): Promise<number> {
  const stderr = new PassThrough();
  const said: Buffer[] = [];
  stderr.on("data", (chunk: Buffer) => said.push(chunk));
  const status = await main(argv, {
    stdin: Readable.from([]),
    stdout: new PassThrough().resume(),
    write: () => undefined,
    stderr,
    env: process.env,
    signal: new AbortController().signal,
    program: "machine",
    file: "/usr/bin/machine",
    platform: process.platform,
  });
  if (status !== 0) process.stderr.write(Buffer.concat(said));
  return status;
}
