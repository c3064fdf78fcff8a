import { MachineError, isObject, type JsonObject } from "../driver/index.js";
import { isTextList } from "./json.js";

/** How far an unfinished create or provision of a machine came: progress.json. */
export interface Journal {
  /** `create` makes the machine; `provision` makes a Docker host of it. */
  readonly phase: "create" | "provision";
  /** Names of the steps of this phase that are done. */
  readonly done: readonly string[];
  /** What the command was given and config.json does not hold, as plain JSON. Never a secret. */
  readonly settings: JsonObject;
}

/** @throws MachineError `failed` with the JSON path at fault */
export function checkJournal({ phase, done, settings }: JsonObject): Journal {
  if (phase !== "create" && phase !== "provision") throw fault("phase", '"create" or "provision"');
  if (!isTextList(done)) throw fault("done", "a list of text");
  if (!isObject(settings)) throw fault("settings", "an object");
  return { phase, done, settings };
}

function fault(path: string, expected: string): MachineError {
  return new MachineError("failed", `${path}: must be ${expected}`);
}
