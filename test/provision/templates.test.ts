import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { distros } from "../../src/provision/distros.js";
import { template } from "../../src/shell/script.js";
import { finish } from "../support/command.js";

const folder = join(import.meta.dirname, "../../templates/provision");
const names = await readdir(folder);

describe("the scripts for hosts", () => {
  test("are clean for shellcheck, each alone and without exceptions but those that say why", async () => {
    const { stdout, code } = await finish("shellcheck", ["--shell", "sh", ...names.map((name) => join(folder, name))]);
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  test("have one file of the same functions for each package manager in the table", async () => {
    const functionsOf = async (name: string): Promise<string[]> =>
      [...(await template(name)).matchAll(/^(packages_\w+)\(\)/gm)].map(([, found = ""]) => found).sort();
    const managers = [...new Set(distros.map(({ packages }) => packages))].filter((name) => name !== "none");
    const expected = await functionsOf("packages-apt.sh");
    for (const manager of managers) {
      const own = await functionsOf(`packages-${manager}.sh`);
      expect([manager, own.filter((name) => name !== "packages_repository")]).toEqual([manager, expected]);
    }
  });

  test("offer a vendor's repository wherever a row of the table has one", async () => {
    for (const { packages, repository } of distros) {
      if (repository === undefined) continue;
      expect(await template(`packages-${packages}.sh`)).toContain("packages_repository()");
    }
  });
});
