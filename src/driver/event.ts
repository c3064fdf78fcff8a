/** What is told while steps run. `at` is in milliseconds since 1970. */
export type StepEvent =
  | {
      readonly type: "started" | "skipped" | "done" | "undone";
      readonly machine: string;
      readonly step: string;
      readonly at: number;
    }
  | {
      readonly type: "output" | "notice";
      readonly machine: string;
      /** Undefined: it belongs to no step, e.g. while a machine is stopped. */
      readonly step?: string;
      readonly at: number;
      readonly line: string;
    }
  | {
      readonly type: "failed" | "undo-failed";
      readonly machine: string;
      readonly step: string;
      readonly at: number;
      readonly error: unknown;
    };
