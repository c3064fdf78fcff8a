import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { durationsReporter, nameOf, recordedDurations } from "./test/support/durations.js";
import { slowness } from "./test/support/slowness.js";

const durations = recordedDurations();
const minutes = 60_000 * slowness();

/** First the emulated systems, beside them the unit tests; of all others first what takes longest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort(
      (one, other) => phaseOf(one) - phaseOf(other) || durationOf(other) - durationOf(one),
    );
  }
}

function phaseOf({ moduleId, project }: TestSpecification): number {
  return moduleId.endsWith("/emulated.test.ts") ? 0 : project.name === "unit" ? 1 : 2;
}

function durationOf({ moduleId }: TestSpecification): number {
  return durations[nameOf(moduleId)] ?? 0;
}

const common = {
  globalSetup: ["test/support/global-setup.ts"],
  // One has the emulated systems, and keeps one processor busy; most of what the others do is waiting.
  maxWorkers: 3,
  // No module has state, so that files may share them: loading them anew takes almost as long as all unit tests.
  isolate: false,
  // Limits are there for what hangs: nothing is to fail for being slow.
  expect: { poll: { timeout: 2 * minutes } },
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Before vitest's own summary.
    reporters: [durationsReporter, "default"],
    projects: [
      {
        test: {
          ...common,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**"],
          testTimeout: 4 * minutes,
          hookTimeout: 4 * minutes,
        },
      },
      {
        test: {
          ...common,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 20 * minutes,
          hookTimeout: 20 * minutes,
        },
      },
    ],
  },
});
