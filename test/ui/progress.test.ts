import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MachineError, type StepEvent } from "../../src/driver/index.js";
import { startProgress } from "../../src/ui/progress.js";
import { fakeTerminal } from "./terminal.js";

const step = { machine: "web", step: "install Docker" };
const error = new MachineError("unreachable", "no route to host", { hint: "look at the cable" });

const events: readonly StepEvent[] = [
  { ...step, type: "started", at: 1_000 },
  { ...step, type: "output", at: 1_100, line: "Reading package lists..." },
  { ...step, type: "notice", at: 1_200, line: "the engine is old" },
  { ...step, type: "done", at: 2_500 },
  { machine: "web", step: "set the host name", type: "skipped", at: 2_500 },
  { machine: "db", step: "make the disk", type: "started", at: 3_000 },
  { machine: "db", step: "make the disk", type: "failed", at: 3_250, error },
  { machine: "db", step: "make the disk", type: "undone", at: 3_300 },
  { machine: "db", step: "take the name", type: "undo-failed", at: 3_400, error },
];

async function shown(options: { columns?: number; json?: boolean; env?: Record<string, string> }) {
  const { terminal, stdout, stderr } = fakeTerminal(options);
  const progress = startProgress(terminal, { json: options.json ?? false });
  progress.above("before");
  for (const event of events) progress.report(event);
  progress.above("after");
  await progress.end();
  expect(stdout()).toBe("");
  return stderr();
}

// The spinner looks at the process.
beforeEach(() => {
  vi.stubEnv("CI", undefined);
  vi.stubEnv("TERM", "xterm");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const plain = [
  "before",
  "(web) Install Docker...",
  "(web) the engine is old",
  "(db) Make the disk...",
  "(db) Undone: make the disk",
  '(db) Could not undo "take the name": no route to host',
  "after",
  "",
].join("\n");

describe("progress", () => {
  test("is plain lines where there is no terminal", async () => {
    expect(await shown({})).toBe(plain);
  });

  test.each([{ TERM: "dumb" }, { CI: "true" }])("is plain lines in a terminal with %j", async (env) => {
    expect(await shown({ columns: 80, env })).toBe(plain);
  });

  test("is JSON lines on request, in a terminal too", async () => {
    for (const options of [{ json: true }, { json: true, columns: 80 }]) {
      const lines = (await shown(options)).trimEnd().split("\n");
      const parsed = lines.map((line) => JSON.parse(line) as unknown);
      expect(parsed).toHaveLength(events.length + 2);
      expect(parsed[0]).toEqual({ type: "message", line: "before" });
      expect(parsed[1]).toEqual(events[0]);
      expect(parsed[7]).toEqual({
        ...events[6],
        error: { code: "unreachable", message: "no route to host", hint: "look at the cable" },
      });
    }
  });
});

describe("progress in a terminal", () => {
  const [hideCursor, showCursor] = ["\u001B[?25l", "\u001B[?25h"];

  /** The texts behind the spinner, in order. */
  function frames(text: string): readonly string[] {
    const drawn = stripVTControlCharacters(text).matchAll(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] ([^⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✔✖\n]*)/g);
    return [...drawn].map(([, frame = ""]) => frame);
  }

  test("keeps a line for each finished step with the time it took", async () => {
    const text = stripVTControlCharacters(await shown({ columns: 80 }));
    expect(text).toContain("✔ web: install Docker (1.5 s)\n");
    expect(text).toContain("✖ db: make the disk (0.3 s)\n");
    for (const line of ["before", "after", "(web) the engine is old", "(db) Undone: make the disk"]) {
      expect(text).toContain(`${line}\n`);
    }
  });

  test.each([
    [80, "web: install Docker | Reading package lists..."],
    [20, "web: install Dock"],
  ])("draws on %i columns what is under way, with its last line of output", async (columns, line) => {
    const { terminal, stderr } = fakeTerminal({ columns });
    const progress = startProgress(terminal);
    progress.report({ ...step, type: "started", at: 0 });
    await vi.waitFor(() => {
      expect(frames(stderr())).toContain("web: install Docker".slice(0, columns - 3));
    });
    progress.report({ ...step, type: "output", at: 0, line: "Reading package lists..." });
    await vi.waitFor(() => {
      expect(frames(stderr()).at(-1)).toBe(line);
    });
    for (const frame of frames(stderr())) expect(frame.length + "⠋ ".length).toBeLessThanOrEqual(columns);
    progress.report({ ...step, type: "done", at: 1_000 });
    await progress.end();
    expect(stderr().lastIndexOf(showCursor)).toBeGreaterThan(stderr().lastIndexOf(hideCursor));
    expect(stderr().endsWith("✔ web: install Docker (1.0 s)\n")).toBe(true);
  });

  test("never draws over the edge, whatever the letters", async () => {
    const { terminal, stderr } = fakeTerminal({ columns: 20 });
    const progress = startProgress(terminal);
    progress.report({ machine: "w", step: "下载软件包列表 🐳🐳🐳🐳🐳🐳", type: "started", at: 0 });
    await progress.end();
    expect(frames(stderr()).at(-1)).toBe("w: 下载软件包列表");
  });

  test("shows the cursor again when it ends in the midst of a step", async () => {
    const { terminal, stderr } = fakeTerminal({ columns: 80 });
    const progress = startProgress(terminal);
    progress.report({ ...step, type: "started", at: 0 });
    await progress.end();
    expect(stderr()).toContain(hideCursor);
    expect(stderr().lastIndexOf(showCursor)).toBeGreaterThan(stderr().lastIndexOf(hideCursor));
  });

  test("shows all machines that are worked on, and no control character of theirs", async () => {
    const { terminal, stderr } = fakeTerminal({ columns: 80 });
    const progress = startProgress(terminal);
    progress.report({ machine: "a", step: "boot", type: "started", at: 0 });
    progress.report({ machine: "b", step: "boot", type: "started", at: 0 });
    progress.report({ machine: "b", step: "boot", type: "output", at: 0, line: "\u001B[2J50 %\r" });
    await progress.end();
    expect(frames(stderr())).toContain("a: boot, b: boot | ?[2J50 %?");
    expect(stderr()).not.toContain("\u001B[2J");
  });

  test("writes no code at all as long as no step runs", async () => {
    const { terminal, stderr } = fakeTerminal({ columns: 80 });
    const progress = startProgress(terminal);
    progress.above("one");
    progress.above("two");
    await progress.end();
    expect(stderr()).toBe("one\ntwo\n");
  });

  test("stands still while a question is asked, and asks one at a time", async () => {
    const { terminal, stderr } = fakeTerminal({ columns: 80 });
    const progress = startProgress(terminal);
    progress.report({ ...step, type: "started", at: 0 });
    const order: string[] = [];
    const ask = (name: string) => async () => {
      order.push(`${name} asked`);
      const before = stderr();
      progress.report({ ...step, type: "output", at: 0, line: name });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(stderr()).toBe(before);
      order.push(`${name} answered`);
      return name;
    };
    expect(await Promise.all([progress.paused(ask("one")), progress.paused(ask("two"))])).toEqual(["one", "two"]);
    expect(order).toEqual(["one asked", "one answered", "two asked", "two answered"]);
    progress.report({ ...step, type: "done", at: 500 });
    await progress.end();
    expect(stripVTControlCharacters(stderr())).toContain("✔ web: install Docker (0.5 s)\n");
  });

  test("goes on after a question that failed", async () => {
    const { terminal, stderr } = fakeTerminal({ columns: 80 });
    const progress = startProgress(terminal);
    await expect(progress.paused(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    progress.above("after");
    await progress.end();
    expect(stderr()).toBe("after\n");
  });
});
