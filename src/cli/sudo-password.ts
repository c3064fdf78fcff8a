import { readFile } from "node:fs/promises";
import type { Session } from "../core/session/session.js";
import type { AskPassword } from "../shell/script.js";
import { MachineError, messageOf } from "../driver/index.js";

/** The password that sudo asks for on the machine: from the file, else from the person at the terminal. Asked once. */
export function sudoPassword({ ask }: Session, machine: string, file: string | undefined): AskPassword {
  let answer: Promise<string | undefined> | undefined;
  return () => (answer ??= file === undefined ? ask(`Password for sudo on ${machine}:`) : firstLine(file));
}

async function firstLine(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    throw new MachineError("failed", `the sudo password cannot be read: ${messageOf(error)}`, {
      hint: "--sudo-password-file takes a file whose first line is the password",
    });
  }
}
