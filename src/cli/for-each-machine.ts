import { loadHosts, type Host } from "../core/host/host.js";
import type { Session } from "../core/session/session.js";
import { MachineError, settleAll } from "../driver/index.js";
import type { Call } from "./command.js";

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

/** What is to be said of one machine. */
interface Outcome {
  readonly text?: string;
  /** Stands beside the machine's name in its JSON object. */
  readonly facts?: object;
}

/**
 * Does the work on several machines at once and prints what comes of each, in the order of the names. When a machine
 * cannot be loaded nothing is done; when the work fails on some, the others finish and all errors are shown.
 */
export async function onEach(
  { args, session, out }: Pick<Call, "args" | "session" | "out">,
  work: (host: Host) => Promise<Outcome | void>,
): Promise<void> {
  const hosts = await loadHosts(session, [...new Set(await namesOrDefault(args, session))]);
  const works = hosts.map(async (host): Promise<Outcome & { readonly name: string }> => ({
    name: host.name,
    ...(await work(host)),
  }));
  const results = await Promise.allSettled(works);
  const outcomes = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  out.text(...outcomes.flatMap(({ text }) => text ?? []));
  out.json(outcomes.map(({ name, facts }) => ({ name, ...facts })));
  await settleAll(works);
}
