import { mkdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { finish } from "../support/command.js";
import { cli, installProgram, type Program } from "../support/program.js";

let program: Program;
beforeEach(async () => {
  program = await installProgram();
});
afterEach(() => program.remove());

const docker = (...args: readonly string[]) => finish("docker", args, { env: program.env });

test("docker machine is this program once install-plugin has been called, until --uninstall", async () => {
  expect(await program.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "web"])).toMatchObject({
    code: 0,
  });
  expect(await program.machine(["install-plugin"])).toMatchObject({ code: 0, stderr: "" });
  expect(await readlink(join(program.home, ".docker", "cli-plugins", "docker-machine"))).toBe(cli);
  for (const before of [[], ["--context", "machine"], ["-D"], ["--log-level=debug"]]) {
    expect(await docker(...before, "machine", "ls", "-q")).toMatchObject({ code: 0, stdout: "web\n" });
  }
  expect((await docker("--help")).stdout).toMatch(/^ {2}machine\* +Create and manage machines running Docker$/m);
  const help = await docker("machine", "--help");
  expect(help.stdout).toMatch(/^Usage: docker machine \[OPTIONS\] COMMAND/);
  expect(await docker("machine")).toEqual(help);
  expect(await docker("help", "machine")).toMatchObject({ code: 0, stdout: help.stdout });
  expect((await docker("machine", "ls", "--help")).stdout).toMatch(/^Usage: docker machine ls/);
  expect(await docker("machine", "ip", "bogus")).toMatchObject({ code: 1, stdout: "" });
  expect((await docker("machine", "ls", "--bogus")).code).toBe(2);
  expect(await program.machine(["install-plugin"])).toMatchObject({ code: 0 });
  expect(await program.machine(["install-plugin", "--uninstall"])).toMatchObject({ code: 0 });
  expect((await docker("machine", "ls")).code).not.toBe(0);
  expect(await program.machine(["install-plugin", "--uninstall"])).toMatchObject({ code: 0 });
});

test("a plugin of somebody else is left alone", async () => {
  const folder = join(program.home, "config", "cli-plugins");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "docker-machine"), "theirs");
  for (const more of [[], ["--uninstall"]]) {
    const env = { DOCKER_CONFIG: join(program.home, "config") };
    const refused = await program.machine(["install-plugin", ...more], { env });
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(`${join(folder, "docker-machine")} is not of this program\n`);
  }
});
