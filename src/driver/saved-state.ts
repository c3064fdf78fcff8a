import { MachineError } from "./error.js";
import type { DriverState } from "./machine.js";

/**
 * Complains of the first member of a saved state that is not what it must be, since somebody has edited config.json.
 * @param members by name: whether it is right, and what it must be, e.g. `a port`
 * @throws MachineError `failed`
 */
export function checkSaved(
  { MachineName }: DriverState,
  members: Readonly<Record<string, readonly [isRight: boolean, what: string]>>,
): void {
  const [name, [, what] = []] = Object.entries(members).find(([, [isRight]]) => !isRight) ?? [];
  if (name === undefined) return;
  throw new MachineError("failed", `${MachineName}: Driver.${name} in its config.json must be ${what ?? ""}`, {
    hint: `mend that file, or remove the machine: machine rm ${MachineName}`,
  });
}

/** An object of JSON or YAML whose members nobody has looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for a port that can be connected to. */
export function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
}

/** Whether a value is text, and matches: a RegExp alone calls the methods of what it is given. */
export function isText(value: unknown, pattern = /^/): boolean {
  return typeof value === "string" && pattern.test(value);
}
