import { loadHosts, together, type Host } from "../core/host.js";
import type { Session } from "../core/session.js";
import { MachineError } from "../driver/index.js";
import { print, type Terminal } from "../ui/terminal.js";

/** The names given, or the machine called `default` where none is. */
async function namesOrDefault(args: readonly string[], { store }: Session): Promise<readonly string[]> {
  if (args.length > 0) return args;
  if (await store.has("default")) return ["default"];
  throw new MachineError("not-found", 'Error: No machine name(s) specified and no "default" machine exists');
}

/** The one name given, or `default`. */
export async function oneName(args: readonly string[], session: Session): Promise<string> {
  if (args.length > 1) throw new MachineError("failed", "Error: Expected one machine name as an argument");
  const [name] = await namesOrDefault(args, session);
  return name ?? "default";
}

/**
 * Does the work on several machines at once and prints what each returns, in the order of the names. When a machine
 * cannot be loaded nothing is done; when the work fails on some, the others finish and all errors are shown.
 */
export async function onEach(
  { args, session, terminal }: { args: readonly string[]; session: Session; terminal: Terminal },
  work: (host: Host) => Promise<string | void>,
): Promise<void> {
  const hosts = await loadHosts(session, [...new Set(await namesOrDefault(args, session))]);
  const works = hosts.map(work);
  const results = await Promise.allSettled(works);
  for (const result of results) {
    if (result.status === "fulfilled" && typeof result.value === "string") print(terminal, result.value);
  }
  await together(works);
}
