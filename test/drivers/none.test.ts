import { describe, test } from "vitest";
import none from "../../drivers/none/index.js";
import { driverChecks } from "../../src/driver/conformance.js";

describe("the none driver", () => {
  const checks = driverChecks(none, {
    options: { url: "tcp://192.0.2.7:2376" },
    refused: [
      { options: {}, error: /^--url option is required when no driver is selected$/ },
      { options: { url: "no url" }, error: /^--url must be a URL/ },
    ],
    // Nobody looks after it here, so it always counts as running.
    whenGone: "running",
  });
  for (const { name, run } of checks) test(name, run);
});
