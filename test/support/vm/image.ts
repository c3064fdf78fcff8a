import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { output } from "../command.js";
import { cacheFolder } from "../engine.js";

const week = 7 * 24 * 3_600_000;

/**
 * Path of the qcow2 disk of a Debian with cloud-init and an engine, which boots by BIOS. Made when it is missing, which
 * takes one to two minutes: once for each state of its script and each week, since what apt offers changes.
 */
export async function vmImage(): Promise<string> {
  const script = join(import.meta.dirname, "build-image.sh");
  const hash = createHash("sha256").update(await readFile(script));
  const key = hash.update(String(Math.floor(Date.now() / week))).digest("hex");
  const folder = join(cacheFolder(), "vm");
  await mkdir(folder, { recursive: true });
  await removeOld(folder);
  const path = join(folder, `${key.slice(0, 12)}.qcow2`);
  await output("sh", [script, path]);
  return path;
}

/** Other checkouts may use what others made, so they stay for two weeks. */
async function removeOld(folder: string): Promise<void> {
  const old = Date.now() - 2 * week;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const made = await stat(path).catch(() => undefined);
    if (made !== undefined && made.mtimeMs < old) await rm(path, { recursive: true, force: true });
  }
}
