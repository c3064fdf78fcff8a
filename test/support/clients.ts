import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "./command.js";
import { cli, type Program } from "./program.js";

/** The environment of a script that was written for docker-machine: of that name, the program is on its path. */
export async function scriptEnvironment({ home, env }: Program): Promise<Readonly<Record<string, string>>> {
  const bin = join(home, "scripts");
  await mkdir(bin);
  await symlink(cli, join(bin, "docker-machine"));
  return { ...env, PATH: `${bin}:${env["PATH"] ?? ""}` };
}

/** Packages of npm, apart from the project's own: what they bring along is large, and nothing of it is ever built in. */
export interface Packages {
  /** What a Node, told so by its variable NODE_PATH, can `require` them from. */
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

/** @param names e.g. "docker-machine@3.0.1"; rejects with npm's words where the registry cannot be reached */
export async function installPackages(...names: readonly string[]): Promise<Packages> {
  const folder = await mkdtemp(join(tmpdir(), "machine-packages-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await output("npm", ["install", "--prefix", folder, "--no-save", "--no-audit", "--ignore-scripts", ...names]);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder: join(folder, "node_modules"), remove };
}
