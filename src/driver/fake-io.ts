import { MachineError } from "./error.js";
import type { CommandResult, Io, Shell } from "./io.js";

export interface FakeIo extends Io {
  /** Command lines of programs, and commands of shells, in the order in which they were asked for. */
  readonly calls: readonly string[];
  /** What it was told, in order. */
  readonly lines: readonly { readonly type: "output" | "notice"; readonly line: string }[];
}

/** Answers by command line: text for stdout, or the result, or an error to reject with. */
export type Script = Readonly<Record<string, string | Partial<CommandResult> | Error>>;

/**
 * An {@link Io} for tests of drivers: programs and shells answer what the script says, by the first key that the
 * command line begins with; a command that no key fits is an error. The clock stands still but for `sleep`.
 */
export function fakeIo(script: Script = {}, env: Io["env"] = {}): FakeIo {
  const calls: string[] = [];
  const lines: { type: "output" | "notice"; line: string }[] = [];
  let clock = Date.UTC(2026, 0, 1);
  const answer = (command: string): CommandResult => {
    calls.push(command);
    const key = Object.keys(script).find((one) => command.startsWith(one));
    const said = key === undefined ? new MachineError("failed", `not in the script: ${command}`) : (script[key] ?? "");
    if (said instanceof Error) throw said;
    return { stdout: "", stderr: "", code: 0, ...(typeof said === "string" ? { stdout: said } : said) };
  };
  const shell: Shell = { exec: async (command) => Promise.resolve(answer(command)) };
  return {
    calls,
    lines,
    env,
    signal: new AbortController().signal,
    run: async (file, args) => Promise.resolve(answer([file, ...args].join(" "))),
    shell: () => Promise.resolve(shell),
    lock: (_name, work) => work(),
    sleep: (ms) => {
      clock += ms;
      return Promise.resolve();
    },
    now: () => clock,
    output: (line) => void lines.push({ type: "output", line }),
    notice: (line) => void lines.push({ type: "notice", line }),
  };
}
