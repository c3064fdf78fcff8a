import { MachineError } from "../driver/index.js";
import { encodeJson } from "../store/json.js";
import { table } from "../ui/table.js";
import { printable, type WritableTerminal } from "../ui/terminal.js";

/** The only way in which a command prints. What it finds out it says as text and as JSON: one of them goes nowhere. */
export interface Output {
  /** Lines of text. None with `--json`. */
  readonly text: (...lines: readonly string[]) => void;
  /** Rows of cells, aligned, a line each. None with `--json`. */
  readonly table: (rows: readonly (readonly string[])[]) => void;
  /** The one JSON document, whose schema is templates/schemas/COMMAND.json. None without `--json`. */
  readonly json: (value: unknown) => void;
  /** Prints text as it is, with `--json` and without: a script, a file, JSON by lines. */
  readonly raw: (text: string) => void;
  /** A line on stderr, for a person: a warning or a notice. */
  readonly note: (line: string) => void;
}

/** @param note takes a line to stderr */
export function outputOf({ write }: Pick<WritableTerminal, "write">, json: boolean, note: Output["note"]): Output {
  const text = (lines: string): void => {
    if (!json) write(printable(lines));
  };
  return {
    text: (...lines) => {
      text(lines.map((line) => `${line}\n`).join(""));
    },
    table: (rows) => {
      text(table(rows));
    },
    json: (value) => {
      if (json) write(`${encodeJson(value)}\n`);
    },
    raw: write,
    note,
  };
}

/** @throws MachineError `usage` where both are asked for */
export function refuseFormat(json: boolean, format: string | undefined): void {
  if (!json || format === undefined) return;
  throw new MachineError("usage", "--format and --json exclude each other", {
    hint: "a template makes text of an answer; jq takes apart what --json prints",
  });
}
