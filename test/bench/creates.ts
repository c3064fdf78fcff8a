import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { type Contender, perform } from "./contender.js";
import type { Ports } from "./simulated-host.js";

/** Milliseconds that engines of simulated hosts take to restart: about what a real one does. */
export const restart = 500;

/** The words that make a machine of a simulated host. */
export function createOn({ ssh, engine }: Ports, key: string, name: string): string[] {
  return [
    ...["create", "-d", "generic", "--generic-ip-address", "127.0.0.1", "--generic-ssh-key", key],
    ...["--generic-ssh-port", String(ssh), "--generic-engine-port", String(engine), name],
  ];
}

/** No machine is left, but the store has its authority: docker-machine fails when several processes make it at once. */
export async function clear({ command, store }: Contender): Promise<void> {
  await perform(command(["create", "-d", "none", "--url", "tcp://127.0.0.1:2376", "first"])).catch(() => undefined);
  await rm(join(store, "machines"), { recursive: true, force: true });
}

/** What {@link openTogether} gives: runs all the creates at once, in a process of their own. */
export type Together = (
  contender: Pick<Contender, "env">,
  ports: readonly Ports[],
  key: string,
) => Promise<{ readonly seconds: number; readonly memory: number }>;

/** One process that makes a machine of each host: the seconds that it takes, and its peak of memory in MB. */
export async function openTogether(): Promise<Together> {
  const script = await bundle();
  return async ({ env }, ports, key) => {
    const lines = ports.map((each, index) => createOn(each, key, `host-${String(index)}`));
    const told = await perform({ argv: [process.execPath, script, JSON.stringify(lines)], env });
    return JSON.parse(told) as { seconds: number; memory: number };
  };
}

/** one-process.ts as the build would bundle it, since a compiler in the process would count as well. */
async function bundle(): Promise<string> {
  const root = join(import.meta.dirname, "..", "..");
  const outfile = join(root, "node_modules", ".cache", "machine-bench", "one-process.js");
  await build({
    entryPoints: [join(import.meta.dirname, "one-process.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    minifyWhitespace: true,
    minifySyntax: true,
    external: ["*.node", "cpu-features"],
    define: { __dirname: "import.meta.dirname" },
    banner: {
      js: 'import{createRequire as requireOfBundle}from"node:module";const require=requireOfBundle(import.meta.url);',
    },
    logLevel: "warning",
  });
  return outfile;
}
