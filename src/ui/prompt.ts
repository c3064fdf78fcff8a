import { createInterface } from "node:readline";
import { interrupted } from "../driver/index.js";
import { isPerson, tell, type Terminal } from "./terminal.js";

/** Asks for a line, of which `validate` resolves to what is wrong with it, else to true. */
export async function askText(
  terminal: Terminal,
  question: {
    readonly message: string;
    /** What Enter gives. Default: an empty line */
    readonly default: string | undefined;
    readonly validate: (answer: string) => Promise<string | true>;
  },
): Promise<string> {
  const { default: input } = await import("@inquirer/input");
  return answered(input(question, onStderr(terminal)));
}

/** Asks for a yes or no, with the answer that Enter gives. */
export async function askWhether(
  terminal: Terminal,
  question: { readonly message: string; readonly default: boolean },
): Promise<boolean> {
  const { default: confirm } = await import("@inquirer/confirm");
  return answered(confirm(question, onStderr(terminal)));
}

/** Asks for one of `choices`, beginning at the default, else at the first. */
export async function askChoice<T>(
  terminal: Terminal,
  question: {
    readonly message: string;
    readonly default?: T;
    readonly choices: readonly { readonly name: string; readonly value: T }[];
  },
): Promise<T> {
  const { default: select } = await import("@inquirer/select");
  return answered(select<T>(question, onStderr(terminal)));
}

/** Asks for a secret without showing it; undefined where no person is there to be asked. */
export async function askSecret(terminal: Terminal, message: string): Promise<string | undefined> {
  if (!isPerson(terminal)) return undefined;
  const { default: password } = await import("@inquirer/password");
  return answered(password({ message }, onStderr(terminal)));
}

/** So stdout has nothing but results. */
function onStderr({ stdin, stderr }: Terminal): { input: Terminal["stdin"]; output: Terminal["stderr"] } {
  return { input: stdin, output: stderr };
}

/** @throws MachineError `interrupted` at Ctrl-C */
async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof Error && cause.name === "ExitPromptError") {
      throw interrupted(cause);
    }
    throw cause;
  }
}

/** One word that begins with y, as docker-machine has it. */
export function isYes(answer = ""): boolean {
  return /^\s*y\S*\s*$/i.test(answer);
}

/** Reads one line of stdin; undefined at its end. @param show takes the question, as it is */
export async function askLine(
  terminal: Terminal,
  question: string,
  show: (question: string) => void,
): Promise<string | undefined> {
  show(question);
  const lines = createInterface({ input: terminal.stdin });
  try {
    for await (const line of lines) return line;
    // The cursor of a person who typed Ctrl-D is still behind the question.
    if (terminal.stdin.isTTY === true) tell(terminal, "");
    return undefined;
  } finally {
    lines.close();
  }
}
