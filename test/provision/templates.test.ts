import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { distros } from "../../src/provision/distros.js";
import { asUser, runScript, template } from "../../src/shell/script.js";
import { finish } from "../support/command.js";
import { localShell } from "./local-shell.js";

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

describe("waiting for cloud-init", () => {
  /** Runs the script where `cloud-init` is a program of ours; resolves with the lines that it told. */
  async function wait(cloudInit: string): Promise<string[]> {
    const bin = await mkdtemp(join(tmpdir(), "cloud-init-"));
    try {
      await writeFile(join(bin, "cloud-init"), `#!/bin/sh\n${cloudInit}\n`, { mode: 0o755 });
      const lines: string[] = [];
      const text = await template("lib.sh", "wait-for-host.sh");
      const shell = localShell({ env: { PATH: `${bin}:${process.env["PATH"] ?? ""}` } });
      const script = { name: "web-1: could not wait", text, params: { LIMIT: "1" } };
      await runScript(shell, { ...script, onLine: (line) => lines.push(line) }, asUser);
      return lines;
    } finally {
      await rm(bin, { recursive: true });
    }
  }

  test("accepts that it is done, also with errors that it recovered from", async () => {
    await expect(wait('[ "$*" = "status --wait" ]')).resolves.toEqual([]);
    await expect(wait("exit 2")).resolves.toEqual([]);
  });

  test("goes on when it failed, and says so", async () => {
    await expect(wait("exit 1")).resolves.toEqual([
      expect.stringMatching(/^machine-notice: cloud-init ended with errors/),
    ]);
  });

  test("gives up when it does not end", async () => {
    await expect(wait("exec sleep 60")).rejects.toMatchObject({
      message: "web-1: could not wait: cloud-init is not done after 1 s",
    });
  });
});
