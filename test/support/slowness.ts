import { spawnSync } from "node:child_process";

/** What ten starts of Node take on a computer of 2024 that has nothing else to do. */
const usual = 400;

/** How many times as long as usual this computer, with all that it does now, takes for a known piece of work; at least 1. */
export function slowness(): number {
  const begin = performance.now();
  for (let n = 0; n < 10; n++) spawnSync(process.execPath, ["--eval", ""]);
  return Math.max(1, (performance.now() - begin) / usual);
}
