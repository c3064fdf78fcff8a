import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "../support/command.js";
import { cli } from "../support/program.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** A command line with its environment (default: this process's). */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Environment;
}

/** Runs it to its end. Rejects with the end of its output when it fails. */
export function perform({ argv: [file = "", ...args], env }: Command): Promise<string> {
  return output(file, args, env === undefined ? {} : { env });
}

/** A program that is measured: ours, or docker-machine. */
export interface Contender {
  readonly name: string;
  /** The user's environment but for what Docker and we read of it, and with a home of its own. */
  readonly env: Environment;
  readonly command: (args: readonly string[]) => Command;
  /** Its store. */
  readonly store: string;
  readonly remove: () => Promise<void>;
}

/** The built program. @param node the Node to run it by */
export function machine(node = process.execPath): Promise<Contender> {
  return contender("machine", [node, cli]);
}

/** docker-machine, where REF_BIN names it. It reports crashes to its makers unless it is told not to. */
export async function dockerMachine(): Promise<Contender | undefined> {
  const path = process.env["REF_BIN"];
  if (path === undefined || path === "") return undefined;
  return contender("docker-machine", [path], { MACHINE_BUGSNAG_API_TOKEN: "no-report" });
}

async function contender(name: string, program: readonly string[], more: Record<string, string> = {}) {
  const home = await mkdtemp(join(tmpdir(), "machine-bench-"));
  const kept = Object.entries(process.env).filter(([key]) => !/^(DOCKER|MACHINE)_/.test(key));
  const env = { ...Object.fromEntries(kept), HOME: home, USER: "ann", SHELL: "/bin/bash", ...more };
  return {
    name,
    env,
    command: (args: readonly string[]) => ({ argv: [...program, ...args], env }),
    store: join(home, ".docker", "machine"),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

/** The name of a sample, so that all that are measured side by side have different ones. */
export function sampleName({ name }: Pick<Contender, "name">, what: string): string {
  return `${name}: ${what}`;
}
