import { MachineError } from "../driver/index.js";

/** Go's text of what went wrong, still without the place in the template. */
export function failed(text: string): MachineError {
  return new MachineError("failed", text);
}
