import { messageOf, type StepEvent } from "../driver/index.js";
import { memoize } from "../driver/memoize.js";
import { describeError } from "./report-error.js";
import { printable, tell, tellJson, type Terminal } from "./terminal.js";

/** Shows what happens while steps run, on stderr. */
export interface Progress {
  readonly report: (event: StepEvent) => void;
  /** Writes a line of text without disturbing the live part. */
  readonly above: (line: string) => void;
  /** Holds the live part, and other questions, back while a question is asked. */
  paused<T>(ask: () => Promise<T>): Promise<T>;
  /** Must be awaited before anything else is written. */
  readonly end: () => Promise<void>;
}

/**
 * JSON lines on request, a live line in a terminal, plain lines elsewhere; `debug` means plain lines, and among them
 * what commands on machines print.
 */
export function startProgress(terminal: Terminal, { json = false, debug = false } = {}): Progress {
  if (json) return inJson(terminal);
  if (debug) return inLines(terminal, (event) => plainLine(event) ?? outputLine(event));
  return onFirstUse(() => {
    const { TERM, CI } = terminal.env;
    if (terminal.stderr.isTTY === true && TERM !== "dumb" && !CI) return live(terminal);
    return inLines(terminal, plainLine);
  });
}

/** Most commands have nothing to show, and to look whether stderr is a terminal takes time. */
function onFirstUse(start: () => Progress): Progress {
  let started: Progress | undefined;
  const progress = (): Progress => (started ??= start());
  return {
    report: (event) => {
      progress().report(event);
    },
    above: (line) => {
      progress().above(line);
    },
    paused: (ask) => progress().paused(ask),
    end: async () => started?.end(),
  };
}

function inLines(terminal: Terminal, format: (event: StepEvent) => string | undefined): Progress {
  return {
    report: (event) => {
      const line = format(event);
      if (line !== undefined) tell(terminal, line);
    },
    above: (line) => {
      tell(terminal, line);
    },
    ...still,
  };
}

function inJson(terminal: Terminal): Progress {
  return {
    report: (event) => {
      tellJson(terminal, "error" in event ? { ...event, error: describeError(event.error) } : event);
    },
    above: (line) => {
      tellJson(terminal, { type: "message", line });
    },
    ...still,
  };
}

/** Without a live part there is nothing to hold back. */
const still: Pick<Progress, "paused" | "end"> = { paused: (ask) => ask(), end: () => Promise.resolve() };

function plainLine(event: StepEvent): string | undefined {
  if (event.type !== "started") return remark(event);
  const { machine, step } = event;
  return `(${machine}) ${step.charAt(0).toUpperCase()}${step.slice(1)}...`;
}

function outputLine(event: StepEvent): string | undefined {
  return event.type === "output" ? `(${event.machine}) | ${event.line}` : undefined;
}

/** What is worth a line of its own in every kind of output. */
function remark(event: StepEvent): string | undefined {
  const { machine } = event;
  if (event.type === "notice") return `(${machine}) ${event.line}`;
  if (event.type === "undone") return `(${machine}) Undone: ${event.step}`;
  if (event.type === "undo-failed") return `(${machine}) Could not undo "${event.step}": ${messageOf(event.error)}`;
  return undefined;
}

interface Active {
  readonly step: string;
  readonly since: number;
  readonly line: string;
}

/** The steps under way share one spinning line; each finished one stays above it with the time it took. */
function live(terminal: Terminal): Progress {
  const active = new Map<string, Active>();
  const spinning = memoize(async () => {
    const { default: yoctoSpinner } = await import("yocto-spinner");
    return yoctoSpinner({ stream: terminal.stderr, handleSignals: false });
  });
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: (spinner: Awaited<ReturnType<typeof spinning>>) => void): void => {
    last = last.then(async () => {
      work(await spinning());
    });
  };
  const show = (line: string | undefined): void => {
    inTurn((spinner) => {
      spinner.stop();
      if (line !== undefined) tell(terminal, line);
      if (active.size === 0) return;
      spinner.text = liveLine(active, columnsOf(terminal));
      spinner.start();
    });
  };
  return {
    report: (event) => {
      const line = finished(event, active.get(event.machine)) ?? remark(event);
      follow(active, event);
      if (line !== undefined || event.type === "started") show(line);
      else {
        inTurn((spinner) => {
          // A spinner that stands still would be drawn by its text.
          if (spinner.isSpinning) spinner.text = liveLine(active, columnsOf(terminal));
        });
      }
    },
    above: (line) => {
      if (active.size === 0)
        last = last.then(() => {
          tell(terminal, line);
        });
      else show(line);
    },
    paused: (ask) => {
      const asked = last.then(async () => {
        if (active.size > 0) (await spinning()).stop();
        return ask();
      });
      const after = asked.then(
        () => undefined,
        () => undefined,
      );
      last = after;
      if (active.size > 0) show(undefined);
      return asked;
    },
    end: async () => {
      await last;
      if (active.size > 0) (await spinning()).stop();
    },
  };
}

function follow(active: Map<string, Active>, event: StepEvent): void {
  const { machine } = event;
  const now = active.get(machine);
  if (event.type === "started") active.set(machine, { step: event.step, since: event.at, line: "" });
  else if (event.type === "output" && now !== undefined) active.set(machine, { ...now, line: inLine(event.line) });
  else if (event.type === "done" || event.type === "failed") active.delete(machine);
}

function finished(event: StepEvent, active: Active | undefined): string | undefined {
  if (event.type !== "done" && event.type !== "failed") return undefined;
  const { type, machine, step, at } = event;
  const seconds = ((at - (active?.since ?? at)) / 1000).toFixed(1);
  return `${type === "done" ? "✔" : "✖"} ${machine}: ${step} (${seconds} s)`;
}

function liveLine(active: ReadonlyMap<string, Active>, columns: number): string {
  const parts = [...active].map(([machine, { step, line }]) => `${machine}: ${step}${line === "" ? "" : ` | ${line}`}`);
  return fitting(parts.join(", "), columns - 3);
}

/** As much of the text as surely fits: a sign outside ASCII may take two columns. */
function fitting(text: string, columns: number): string {
  let [left, fits] = [columns, ""];
  for (const sign of text) {
    left -= sign <= "~" ? 1 : 2;
    if (left < 0) break;
    fits += sign;
  }
  return fits;
}

/** A terminal that does not know its size says 0. */
function columnsOf({ stderr }: Terminal): number {
  return stderr.columns === undefined || stderr.columns === 0 ? 80 : stderr.columns;
}

/** In the live line there is no room for tabs. */
function inLine(line: string): string {
  return printable(line).replaceAll("\t", " ").trim();
}
