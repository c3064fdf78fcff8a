import { exitStatus, isMachineError, messageOf, type MachineError } from "../driver/index.js";
import { tell, tellJson, type Terminal } from "./terminal.js";

/** Prints what was thrown to stderr and returns the exit status: 70 (a bug in this program) for what is no MachineError. */
export function reportError(error: unknown, json: boolean, terminal: Terminal): number {
  if (json) tellJson(terminal, { error: describeError(error) });
  else tell(terminal, isMachineError(error) ? inWords(error) : bug(error));
  return isMachineError(error) ? exitStatus(error.code) : 70;
}

/** The shape of an error in `--json` output. `code` is `bug` for what is no MachineError. */
export function describeError(error: unknown): { code: string; message: string; hint?: string; output?: string } {
  if (!isMachineError(error)) return { code: "bug", message: messageOf(error) };
  const { code, message, hint, output } = error;
  return { code, message, ...(hint === undefined ? {} : { hint }), ...(output === undefined ? {} : { output }) };
}

function inWords({ message, output, hint }: MachineError): string {
  const lines = [message];
  if (output !== undefined && output.trim() !== "") lines.push(output.trimEnd().replace(/^/gm, "  "));
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  return lines.join("\n");
}

function bug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `This is a bug in machine. Please report it with the command that you typed and these lines:\n${stack}`;
}
