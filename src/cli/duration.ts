import { MachineError } from "../driver/index.js";

const seconds: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3_600 };

/**
 * Seconds of a duration as Go's time.ParseDuration takes it, e.g. `90m`, `8h` or `1h30m`; a part of a second is a whole one.
 * @throws MachineError `usage` for what is none, or not more than 0
 */
export function parseDuration(text: string): number {
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;
  const total = [...text.matchAll(part)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (seconds[unit] ?? 0),
    0,
  );
  if (text.replace(part, "") === "" && total > 0) return Math.ceil(total);
  throw new MachineError("usage", `"${text}" is no duration`, { hint: "write 90m, 8h or 1h30m" });
}
