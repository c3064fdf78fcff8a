import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { cacheFolder } from "../../support/engine.js";

/** The program as one file, since Node takes several times as long to load it from its parts; made once for each state. */
export async function bundle(): Promise<string> {
  const file = join(cacheFolder(), "VBoxManage", `${await hashOfSources()}.cjs`);
  if (existsSync(file)) return file;
  await mkdir(dirname(file), { recursive: true });
  await removeOld(dirname(file));
  const [entry, temporary] = [join(import.meta.dirname, "main.ts"), `${file}.${String(process.pid)}`];
  const result = await build({ entryPoints: [entry], bundle: true, platform: "node", format: "cjs", write: false });
  await writeFile(temporary, result.outputFiles[0]?.contents ?? "");
  await rename(temporary, file);
  return file;
}

/** Other checkouts may use what others made, so they stay for two weeks. */
async function removeOld(folder: string): Promise<void> {
  const old = Date.now() - 14 * 24 * 3_600_000;
  for (const name of await readdir(folder)) {
    const made = await stat(join(folder, name)).catch(() => undefined);
    if (made !== undefined && made.mtimeMs < old) await rm(join(folder, name), { force: true });
  }
}

async function hashOfSources(): Promise<string> {
  const names = await readdir(import.meta.dirname, { recursive: true });
  const sources = names.filter((name) => name.endsWith(".ts")).toSorted();
  const hash = createHash("sha256");
  for (const name of sources) hash.update(name).update(await readFile(join(import.meta.dirname, name)));
  return hash.digest("hex").slice(0, 16);
}
