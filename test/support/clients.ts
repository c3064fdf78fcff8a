import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { output } from "./command.js";
import { cacheFolder } from "./engine.js";
import { cli, type Program } from "./program.js";

/** The environment of a script that was written for docker-machine: of that name, the program is on its path. */
export async function scriptEnvironment({ home, env }: Program): Promise<Readonly<Record<string, string>>> {
  const bin = join(home, "scripts");
  await mkdir(bin);
  await symlink(cli, join(bin, "docker-machine"));
  return { ...env, PATH: `${bin}:${env["PATH"] ?? ""}` };
}

/**
 * Lets scripts in the program's home `require` the packages of clients/package-lock.json, which are kept from run to run.
 * They are apart from the project's own: what they bring along is large, and nothing of it is ever built in.
 * @throws with npm's words where the registry cannot be reached
 */
export async function installClients({ home }: Program): Promise<void> {
  const lock = join(import.meta.dirname, "clients", "package-lock.json");
  const key = createHash("sha256")
    .update(await readFile(lock))
    .digest("hex");
  const cache = join(cacheFolder(), "clients");
  const kept = join(cache, key.slice(0, 12));
  if (!existsSync(kept)) {
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(`${kept}.`);
    await cp(dirname(lock), folder, { recursive: true });
    await output("npm", ["ci", "--prefix", folder, "--no-audit", "--ignore-scripts"]);
    // Another run may have been faster.
    await rename(folder, kept).catch(() => rm(folder, { recursive: true, force: true }));
  }
  // The user's home, and with it what is kept, cannot be seen by what runs `atHome`.
  await cp(join(kept, "node_modules"), join(home, "node_modules"), { recursive: true });
}
