import { stat } from "node:fs/promises";
import { platform } from "node:os";
import { MachineError, ok, warning, type Check, type Finding } from "../../driver/index.js";
import { pasteable } from "../../shell/exec.js";

/** Private keys that others can read stand in the way: whoever has one has the engine. */
export function keyModes(paths: readonly string[]): Check {
  return {
    what: "keys",
    async run() {
      const { open, there } = await look(paths);
      if (open.length > 0) {
        throw new MachineError("failed", `others may read ${open.join(" and ")}`, { hint: chmod("600", open) });
      }
      return closed(there);
    },
  };
}

/** Directories are made for their owner alone. */
export function directoryModes(paths: readonly string[]): Check {
  return {
    what: "directories",
    async run() {
      const { open, there } = await look(paths);
      return open.length > 0
        ? warning(`others may look into ${open.join(" and ")}`, chmod("700", open))
        : closed(there);
    },
  };
}

function closed(there: readonly string[]): Finding | undefined {
  return there.length === 0 ? undefined : ok("are their owner's alone");
}

function chmod(mode: string, paths: readonly string[]): string {
  return pasteable(["chmod", mode, ...paths]);
}

/** Those of the paths that are there, and among them those that others than the owner may use. Windows has no modes. */
async function look(paths: readonly string[]): Promise<{ open: readonly string[]; there: readonly string[] }> {
  if (platform() === "win32") return { open: [], there: [] };
  const modes = await Promise.all(
    [...new Set(paths)].map(async (path) => ({ path, mode: (await stat(path).catch(() => undefined))?.mode })),
  );
  const there = modes.flatMap(({ path, mode }) => (mode === undefined ? [] : [{ path, mode }]));
  return {
    open: there.filter(({ mode }) => (mode & 0o077) !== 0).map(({ path }) => path),
    there: there.map(({ path }) => path),
  };
}
