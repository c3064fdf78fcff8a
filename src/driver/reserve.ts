import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Io } from "./io.js";
import type { Machine } from "./machine.js";

/**
 * Reserves what each machine of a store must have for itself, e.g. ports or an address, until the machine is removed: a
 * file in its directory says so. Reserving anew replaces what it had.
 * @param what names the kind: `ports`
 * @param pick gets what the other machines have reserved of that kind, under a lock
 */
export function reserve(
  io: Pick<Io, "lock">,
  { dir }: Pick<Machine, "dir">,
  what: string,
  pick: (taken: ReadonlySet<string>) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return io.lock(`reserve-${what}`, async () => {
    const file = `${what}.json`;
    const machines = await readdir(dirname(dir));
    const others = machines.map((one) => join(dirname(dir), one)).filter((one) => one !== dir);
    const picked = await pick(new Set((await Promise.all(others.map((one) => reserved(join(one, file))))).flat()));
    await writeFile(join(dir, file), `${JSON.stringify(picked)}\n`, { mode: 0o600 });
    return picked;
  });
}

/** A file that is not there, or that somebody has spoilt, reserves nothing. */
async function reserved(file: string): Promise<readonly string[]> {
  try {
    const found: unknown = JSON.parse(await readFile(file, "utf8"));
    return Array.isArray(found) ? found.map(String) : [];
  } catch {
    return [];
  }
}
