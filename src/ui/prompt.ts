import { createInterface } from "node:readline";
import { MachineError } from "../driver/index.js";
import { isPerson, tell, type Terminal } from "./terminal.js";

/** A question for a person, with the answer that Enter gives. */
export type Question =
  | { readonly type: "password"; readonly message: string }
  | { readonly type: "confirm"; readonly message: string; readonly default: boolean }
  | {
      readonly type: "input";
      readonly message: string;
      readonly default?: string | undefined;
      /** Resolves to what is wrong with the answer, else to true. */
      readonly validate?: (answer: string) => Promise<string | true>;
    }
  | {
      readonly type: "select";
      readonly message: string;
      readonly default?: unknown;
      readonly choices: readonly { readonly name: string; readonly value: unknown }[];
    };

/**
 * Asks on stderr, so that stdout has nothing but results.
 * @throws MachineError `interrupted` at Ctrl-C
 */
export async function ask<T>(terminal: Terminal, question: Question): Promise<T> {
  const { default: inquirer } = await import("inquirer");
  const prompt = inquirer.createPromptModule({ input: terminal.stdin, output: terminal.stderr });
  try {
    const { answer } = await prompt<{ answer: unknown }>([{ ...question, name: "answer" } as never]);
    return answer as T;
  } catch (cause) {
    if (cause instanceof Error && cause.name === "ExitPromptError") {
      throw new MachineError("interrupted", "interrupted", { cause });
    }
    throw cause;
  }
}

/** Asks for a secret without showing it; undefined where no person is there to be asked. */
export async function askSecret(terminal: Terminal, message: string): Promise<string | undefined> {
  return isPerson(terminal) ? ask<string>(terminal, { type: "password", message }) : undefined;
}

/** One word that begins with y, as docker-machine has it. */
export function isYes(answer = ""): boolean {
  return /^\s*y\S*\s*$/i.test(answer);
}

/**
 * Reads one line of stdin; undefined at its end.
 * @param show takes the question. Default: to stdout, as docker-machine has it
 */
export async function askLine(
  terminal: Terminal,
  question: string,
  show: (question: string) => void = terminal.write,
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
