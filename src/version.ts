import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The version that package.json says, one folder up from here in the sources and in `dist` alike. */
export async function version(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(import.meta.dirname, "..", "package.json"), "utf8"));
  return (manifest as { version: string }).version;
}
