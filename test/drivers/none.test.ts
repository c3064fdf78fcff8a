import { describe, expect, test } from "vitest";
import none from "../../drivers/none/index.js";
import { driverChecks } from "../../src/driver/conformance.js";
import { newHome } from "../commands/support.js";

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

test("a machine of scripts that is nowhere can be made, listed, asked and removed", async () => {
  const home = await newHome();
  expect(await home.machine(["create", "-d", "none", "--url", "none", "dummy"])).toMatchObject({ code: 0 });
  expect(await home.machine(["url", "dummy"])).toMatchObject({ code: 0, stdout: "none\n" });
  expect((await home.machine(["ls", "-q"])).stdout).toBe("dummy\n");
  for (const command of ["ls", "inspect", "status", "ip", "env", "config", "rm -y"]) {
    const words = [...command.split(" "), ...(command === "ls" ? [] : ["dummy"])];
    expect((await home.machine(words)).code, command).toBeLessThan(2);
  }
  expect((await home.machine(["ls", "-q"])).stdout).toBe("");
});
