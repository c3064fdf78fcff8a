import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { memoize } from "../../src/driver/memoize.js";
import { output } from "../support/command.js";
import { type Engine, startEngine } from "../support/engine.js";
import { buildHostImages } from "../support/host-image.js";
import { type Host, type HostOptions, createHost } from "../support/host.js";
import { type InstallServer, serveInstallScripts } from "../support/install-server.js";
import { type Contender, dockerMachine, machine } from "./contender.js";
import type { Ports } from "./simulated-host.js";

/** What the rows of one run share. What is started here is taken away at its end, however that comes. */
export interface Bench {
  /** Fewer repetitions of everything. */
  readonly quick: boolean;
  /** A program in a new home: ours by that Node (default: this one), and docker-machine where there is one. */
  readonly machine: (node?: string) => Promise<Contender>;
  readonly dockerMachine: () => Promise<Contender | undefined>;
  readonly host: (options: HostOptions) => Promise<Host>;
  readonly installServer: () => Promise<InstallServer>;
  /** Hosts that only answer, in a process of their own. @param certs by which their engines answer at once */
  readonly simulated: (count: number, options?: { restart?: number; certs?: string }) => Promise<readonly Ports[]>;
  /** A private key that all simulated hosts accept. */
  readonly key: () => Promise<string>;
  readonly folder: () => Promise<string>;
  /** What is going on, for those who wait. */
  readonly tell: (line: string) => void;
}

export function openBench({ quick, tell }: Pick<Bench, "quick" | "tell">): {
  readonly bench: Bench;
  readonly close: () => Promise<void>;
} {
  const closers: (() => Promise<unknown>)[] = [];
  const kept = async <T>(making: Promise<T>, close: (made: T) => Promise<unknown>): Promise<T> => {
    const made = await making;
    closers.unshift(() => close(made));
    return made;
  };
  const engine = memoize(async (): Promise<Engine> => {
    tell("starting an engine for hosts");
    const started = await kept(startEngine(), ({ stop }) => stop());
    await buildHostImages(started);
    return started;
  });
  const folder = (): Promise<string> => kept(mkdtemp(join(tmpdir(), "machine-bench-")), removeFolder);
  const bench: Bench = {
    quick,
    tell,
    folder,
    machine: (node) => kept(machine(node), ({ remove }) => remove()),
    dockerMachine: () => kept(dockerMachine(), async (found) => found?.remove()),
    host: async (options) => kept(createHost(await engine(), options), ({ remove }) => remove()),
    installServer: async () => kept(serveInstallScripts((await engine()).gateway), ({ close }) => close()),
    simulated: async (count, options) => (await kept(simulate(count, options), ({ stop }) => stop())).ports,
    key: memoize(async () => {
      const path = join(await folder(), "key");
      await output("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
      return path;
    }),
  };
  return {
    bench,
    close: memoize(async () => {
      for (const close of closers) await close();
    }),
  };
}

function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

async function simulate(count: number, { restart = 0, certs }: { restart?: number; certs?: string } = {}) {
  const script = join(import.meta.dirname, "simulated-hosts.ts");
  const words = ["--import", import.meta.resolve("tsx"), script, String(count), String(restart)];
  const child = spawn(process.execPath, certs === undefined ? words : [...words, certs], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    exit.then(() => Promise.reject(new Error("the simulated hosts ended at once"))),
  ]);
  return {
    ports: JSON.parse(String(line[0])) as Ports[],
    stop: () => {
      child.stdin.end();
      return exit;
    },
  };
}
