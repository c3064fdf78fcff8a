import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { contentsOf, createNone, newHome } from "./support.js";

describe.each([["provision"], ["upgrade"], ["regenerate-certs", "-f"]])("machine %s", (...argv) => {
  test("says that there is no shell to do it by", async () => {
    const home = await newHome();
    await createNone(home, "web", "db");
    const { code, stdout, stderr } = await home.machine([...argv.filter((word) => word !== ""), "web", "db"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const refusals = ["web", "db"].map((name) => `${name} has no shell, so it cannot be provisioned\n`);
    expect(stderr.endsWith(refusals.join("")), stderr).toBe(true);
    expect(await readdir(join(home.store, "machines", "web"))).toEqual(["config.json"]);
  });
});

describe("machine regenerate-certs", () => {
  const question = "Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): ";

  test.each(["n\n", "no\n", "\n", "x\n"])("does nothing when %j is answered", async (stdin) => {
    const home = await newHome();
    await createNone(home, "web");
    const before = await contentsOf(home.home);
    expect(await home.machine(["regenerate-certs", "--client-certs", "web"], { stdin })).toEqual({
      code: 0,
      stdout: question,
      stderr: "",
    });
    expect(await contentsOf(home.home)).toEqual(before);
  });

  test("does nothing when nobody answers, which is an error", async () => {
    const home = await newHome();
    await createNone(home, "web");
    const before = await contentsOf(home.home);
    expect(await home.machine(["regenerate-certs", "web"])).toEqual({
      code: 1,
      stdout: question,
      stderr: "EOF\nhint: nobody answered; without a question: machine regenerate-certs -f web\n",
    });
    expect(await contentsOf(home.home)).toEqual(before);
  });

  test("begins when it is agreed to", async () => {
    const home = await newHome();
    await createNone(home, "web");
    const { code, stdout, stderr } = await home.machine(["regenerate-certs", "web"], { stdin: "y\n" });
    expect({ code, stdout }).toEqual({ code: 1, stdout: question });
    expect(stderr).toMatch(/^Regenerating TLS certificates\n/);
  });
});
