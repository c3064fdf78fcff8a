import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

/** The program as one file, since Node takes several times as long to load it from its parts; made once for each state. */
export async function bundle(): Promise<string> {
  const file = join(homedir(), ".cache", "machine-test", `VBoxManage-${await hashOfSources()}.cjs`);
  if (existsSync(file)) return file;
  await mkdir(join(file, ".."), { recursive: true });
  const [entry, temporary] = [join(import.meta.dirname, "main.ts"), `${file}.${String(process.pid)}`];
  const result = await build({ entryPoints: [entry], bundle: true, platform: "node", format: "cjs", write: false });
  await writeFile(temporary, result.outputFiles[0]?.contents ?? "");
  await rename(temporary, file);
  return file;
}

async function hashOfSources(): Promise<string> {
  const names = await readdir(import.meta.dirname, { recursive: true });
  const sources = names.filter((name) => name.endsWith(".ts")).toSorted();
  const hash = createHash("sha256");
  for (const name of sources) hash.update(name).update(await readFile(join(import.meta.dirname, name)));
  return hash.digest("hex").slice(0, 16);
}
