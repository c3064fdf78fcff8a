import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

/** Seconds of each file that takes some, in an earlier run. */
export type Durations = Readonly<Record<string, number>>;

const root = join(import.meta.dirname, "..", "..");
const record = join(import.meta.dirname, "durations.json");

/** What was recorded, by which the longest files begin first. */
export function recordedDurations(): Durations {
  return JSON.parse(readFileSync(record, "utf8")) as Durations;
}

/** The path of a file in `Durations`. */
export function nameOf(moduleId: string): string {
  return relative(root, moduleId);
}

/**
 * After a run of many files it tells the slowest ones, and with DURATIONS=1 it records those of ten seconds and
 * more; those of files that did not run stay.
 */
export const durationsReporter: Reporter = {
  onTestRunEnd(modules) {
    const files = modules.map(measured).sort((one, other) => other.seconds - one.seconds);
    if (files.length < 50) return;
    const rows = files.slice(0, 25).map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}\n`);
    process.stdout.write(`\nThe slowest of ${String(files.length)} files:\n${rows.join("")}`);
    if (process.env["DURATIONS"] !== "1") return;
    const others = Object.entries(recordedDurations()).filter(([name]) => !files.some((file) => file.name === name));
    const long = files.filter(({ seconds }) => seconds >= 10).map(({ name, seconds }) => [name, Math.round(seconds)]);
    writeFileSync(record, `${JSON.stringify(Object.fromEntries([...long, ...others]), undefined, 2)}\n`);
  },
};

function measured(module: TestModule): { readonly name: string; readonly seconds: number } {
  return { name: nameOf(module.moduleId), seconds: module.diagnostic().duration / 1_000 };
}
