import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandOptions, type Finished, finish } from "./command.js";

/** The built program in a home of its own, as a user has it. */
export interface Program {
  readonly home: string;
  readonly store: string;
  /** The environment it runs in, without anything of Docker's. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command line to its end. */
  readonly machine: (args: readonly string[], options?: CommandOptions) => Promise<Finished>;
  /** Runs a line of bash in which `machine` is the program. */
  readonly bash: (line: string, options?: CommandOptions) => Promise<Finished>;
  readonly remove: () => Promise<void>;
}

export const cli = join(import.meta.dirname, "..", "..", "dist", "cli.cjs");

/** @throws where `npm run build` has not been run: the first command says so */
export async function installProgram(): Promise<Program> {
  const home = await mkdtemp(join(tmpdir(), "machine-home-"));
  const env = { HOME: home, USER: "ann", SHELL: "/bin/bash", PATH: process.env["PATH"] ?? "" };
  const machine: Program["machine"] = (args, options = {}) =>
    finish(process.execPath, [cli, ...args], { ...options, env: { ...env, ...options.env } });
  return {
    home,
    store: join(home, ".docker", "machine"),
    env,
    machine,
    bash: (line, options = {}) =>
      finish("bash", ["-c", `machine() { '${process.execPath}' '${cli}' "$@"; }; ${line}`], {
        ...options,
        env: { ...env, ...options.env },
      }),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

/** The environment of a person's shell, in which `machine` is a program on the path. */
export async function shellEnvironment({ home, env }: Program): Promise<Readonly<Record<string, string>>> {
  const bin = join(home, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "machine"), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`, { mode: 0o755 });
  return { ...env, PATH: `${bin}:${env["PATH"] ?? ""}`, TERM: "xterm", LC_ALL: "C.UTF-8" };
}
