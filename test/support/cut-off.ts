import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cli, type Program } from "./program.js";
import { chosenSeed, isFull, randomFrom, shuffled } from "./random.js";

/** When a signal is sent to a command. */
export interface Moment {
  /**
   * `start` is the start of the process, `claim` the first change in the directory of machines; all else is how a line
   * on stderr begins: `TYPE STEP` of an event, or a message.
   */
  readonly point: string;
  /** Milliseconds after the point. */
  readonly delay: number;
  readonly signal: NodeJS.Signals;
}

/** A point, the time after it at which a command is cut off there, and what the test chose for that. */
interface Aim<T> {
  readonly point: string;
  readonly delay: number;
  readonly choice: T;
}

/**
 * In random order, where a run's commands are cut off: at each point once, or with FULL=1 as often as `times` says.
 * @param points the most milliseconds after each
 * @param choices taken in turn at each point, beginning with any
 */
export function aimAt<T>(
  points: Readonly<Record<string, number>>,
  choices: readonly T[],
  times: number,
): readonly Aim<T>[] {
  const random = randomFrom(chosenSeed());
  const aims = Object.entries(points).flatMap(([point, most]) => {
    const first = Math.floor(random() * choices.length);
    return Array.from({ length: isFull ? times : 1 }, (_, index) => ({
      point,
      delay: random() * most,
      choice: choices[(first + index) % choices.length] as T,
    }));
  });
  return shuffled(aims, random);
}

/** A command that was cut off, or came to its end before that. */
interface CutOff {
  /** Null: it was ended by the signal. */
  readonly code: number | null;
  readonly stderr: string;
}

/**
 * Starts a command and sends it the signal at the moment. A point that never comes is a command that ends by itself.
 * @param env more variables
 * @param reached resolves at a point that the command does not tell of, in place of the moment's
 */
export async function cutOff(
  { env: own, store }: Program,
  argv: readonly string[],
  { point, delay, signal }: Moment,
  { env = {}, reached }: { readonly env?: Readonly<Record<string, string>>; readonly reached?: Promise<unknown> } = {},
): Promise<CutOff> {
  const machines = join(store, "machines");
  await mkdir(machines, { recursive: true, mode: 0o700 });
  const child = spawn(process.execPath, [cli, "--json", ...argv], {
    env: { ...own, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  const said = new Promise<void>((resolve) => {
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      if (pointsIn(stderr).some((one) => one.startsWith(point))) resolve();
    });
  });
  const watcher = watch(machines);
  const told = point === "start" ? Promise.resolve() : point === "claim" ? once(watcher, "change") : said;
  const end = once(child, "close") as Promise<[number | null]>;
  await Promise.race([(reached ?? told).then(() => sleep(delay)), end]);
  sendTo(child, signal);
  const [code] = await end;
  watcher.close();
  return { code, stderr };
}

function sendTo(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
}

/** `TYPE STEP` of each event, or the message, of lines that are whole. */
function pointsIn(stderr: string): string[] {
  return stderr
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const {
        type = "",
        step,
        line: message = "",
      } = JSON.parse(line) as { type?: string; step?: string; line?: string };
      return step === undefined ? message : `${type} ${step}`;
    });
}

/** Does the work on each thing, at each of the places at once, and rejects with the first failure when all are at rest. */
export async function shareOut<P, T>(
  places: readonly P[],
  things: readonly T[],
  work: (place: P, thing: T) => Promise<void>,
): Promise<void> {
  const left = [...things];
  const works = places.map(async (place) => {
    for (let thing = left.pop(); thing !== undefined; thing = left.pop()) await work(place, thing);
  });
  await Promise.allSettled(works);
  await Promise.all(works);
}
