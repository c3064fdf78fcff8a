import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { output } from "../support/command.js";
import { baseImage } from "../support/host-image.js";
import { describeOnHosts } from "../support/lab.js";
import { forPodman, installPrerequisites } from "../support/prerequisites.js";
import type { Program } from "../support/program.js";

describeOnHosts("a machine in a container of podman", (lab) => {
  let program: Program;
  let folder: string;
  let env: Readonly<Record<string, string>>;
  const machine = (...args: readonly string[]) => program.machine(args, { env });
  const podman = (...args: readonly string[]) => output("podman", args, { env: { ...program.env, ...env } });

  beforeAll(async () => {
    await installPrerequisites(forPodman);
    program = await lab.installProgram();
    folder = await mkdtemp(join(tmpdir(), "machine-podman-"));
    env = await settings(folder);
    const base = await baseImage(lab.engine);
    const save = `docker -H unix://${lab.engine.socket} save ${base}`;
    await output("bash", ["-c", `set -o pipefail; ${save} | podman load`], { env: { ...program.env, ...env } });
    await podman("tag", base, "debian:trixie-slim");
  });
  afterAll(async () => {
    await podman("system", "reset", "--force");
    await rm(folder, { recursive: true, force: true });
  });

  test("is reached by its name, restarts, and leaves nothing behind", async () => {
    for (const name of ["one", "two"]) {
      const created = await machine("create", "--container-program", "podman", name);
      expect(created.code, created.stderr).toBe(0);
    }
    expect((await machine("ssh", "two", "getent hosts one")).stdout).toMatch(/^[\d.]+ +one/);
    const before = await machine("env", "one");
    expect(before.code).toBe(0);
    expect(await machine("stop", "one")).toMatchObject({ code: 0 });
    expect((await machine("status", "one")).stdout).toBe("Stopped\n");
    expect(await machine("start", "one")).toMatchObject({ code: 0 });
    expect((await machine("env", "one")).stdout).toBe(before.stdout);

    expect(await machine("rm", "-y", "one", "two")).toMatchObject({ code: 0 });
    expect(await podman("ps", "--all", "--quiet")).toBe("");
    expect(await podman("volume", "ls", "--quiet")).toBe("");
    expect(await podman("network", "ls", "--format", "{{.Name}}")).toBe("podman");
  });
});

/** A podman of its own, which does not raise limits: that takes a capability which root may lack here. */
async function settings(folder: string): Promise<Record<string, string>> {
  const networks = join(folder, "networks");
  const files = {
    CONTAINERS_CONF: `[containers]\ndefault_ulimits = []\n[network]\nnetwork_config_dir = "${networks}"\n`,
    CONTAINERS_STORAGE_CONF: `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/graph"\nrunroot = "${folder}/run"\n`,
  };
  await mkdir(networks);
  const env: Record<string, string> = {};
  for (const [name, text] of Object.entries(files)) {
    env[name] = join(folder, name);
    await writeFile(env[name], text);
  }
  return env;
}
