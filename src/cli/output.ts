import { MachineError } from "../driver/index.js";
import { encodeJson } from "../store/json.js";
import { print, type Terminal } from "../ui/terminal.js";

/** Takes what a command finds out: as text or, with `--json`, as JSON. A command says both. */
export interface Result {
  /** Where the text goes. With `--json` it goes nowhere. */
  readonly out: Pick<Terminal, "write">;
  /** Prints the one JSON document, whose schema is templates/schemas/COMMAND.json. Without `--json` it does nothing. */
  readonly answer: (value: unknown) => void;
}

export function resultOf(terminal: Terminal, json: boolean): Result {
  if (!json) return { out: terminal, answer: () => undefined };
  return {
    out: { write: () => undefined },
    answer: (value) => {
      print(terminal, encodeJson(value));
    },
  };
}

/** @throws MachineError `usage` where both are asked for */
export function refuseFormat(json: boolean, format: string | undefined): void {
  if (!json || format === undefined) return;
  throw new MachineError("usage", "--format and --json exclude each other", {
    hint: "a template makes text of an answer; jq takes apart what --json prints",
  });
}
