import { createInterface } from "node:readline";
import { tell, type Terminal } from "./terminal.js";

/** Asks for a secret without showing it; undefined where no person is there to be asked. */
export async function askSecret(terminal: Terminal, question: string): Promise<string | undefined> {
  if (terminal.stdin.isTTY !== true || terminal.stderr.isTTY !== true) return undefined;
  const { default: inquirer } = await import("inquirer");
  const prompt = inquirer.createPromptModule({ input: terminal.stdin, output: terminal.stderr });
  const { answer } = await prompt<{ answer: string }>([{ type: "password", name: "answer", message: question }]);
  return answer;
}

/** Prints the question to stdout, as docker-machine does, and reads one line of stdin; undefined at its end. */
export async function askLine(terminal: Terminal, question: string): Promise<string | undefined> {
  terminal.write(question);
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
