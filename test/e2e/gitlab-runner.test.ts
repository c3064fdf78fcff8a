import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scriptEnvironment } from "../support/clients.js";
import { finish } from "../support/command.js";
import { hostLauncher } from "../stand-ins/ec2/host-launcher.js";
import { type Ec2Stand, startEc2, testAccount } from "../stand-ins/ec2/stand.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

/**
 * What GitLab Runner's executor docker+machine calls and reads, in the order of a job's machine. There is no package of
 * it in Debian.
 * @see https://gitlab.com/gitlab-org/gitlab-runner/-/blob/main/helpers/docker/machine_command.go
 */
describeOnHosts("GitLab Runner's executor docker+machine", (lab) => {
  const name = "runner-tgyehbjw-auto-scale-1764337000-0a1b2c3d";
  let program: Program;
  let ec2: Ec2Stand;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    program = await lab.installProgram();
    ec2 = await startEc2({ launcher: hostLauncher(lab, "engine") });
    const keys = { AWS_ACCESS_KEY_ID: testAccount.accessKeyId, AWS_SECRET_ACCESS_KEY: testAccount.secretAccessKey };
    env = { ...(await scriptEnvironment(program)), ...keys };
    const { code, stdout, stderr } = await create(name);
    expect(code, stdout + stderr).toBe(0);
  });
  afterAll(() => ec2.close());

  const call = (...args: readonly string[]) =>
    finish("docker-machine", ["--bugsnag-api-token=no-report", ...args], { env });

  /** With `MachineDriver`, `MachineName` and `MachineOptions` of its configuration. */
  function create(machine: string) {
    const options = [
      ...[`amazonec2-endpoint=${ec2.url}`, "amazonec2-insecure-transport", "amazonec2-region=us-east-1"],
      ...["amazonec2-tags=runner-manager-name,gitlab", "amazonec2-root-size=20", "engine-label=ci=yes"],
    ];
    return call("create", "--driver", "amazonec2", ...options.map((option) => `--${option}`), machine);
  }

  /** Its log has what is printed; it goes on where the status is 0. */
  async function succeeds(...args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await call(...args);
    expect(code, stdout + stderr).toBe(0);
  }

  /** The trimmed output, of which none is a failure. */
  async function get(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await call(...args);
    expect(code, stderr).toBe(0);
    expect(stdout.trim()).not.toBe("");
    return stdout.trim();
  }

  /** Which machines there are: the directories that are not hidden. It does not ask the program. */
  async function list(): Promise<string[]> {
    const entries = await readdir(join(program.store, "machines"), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map((entry) => entry.name);
  }

  test("makes a machine with the options of its configuration, and provisions it anew", async () => {
    expect(await list()).toEqual([name]);
    await succeeds("provision", name);
  });

  test("finds it in the store and by inspect, and reads its config.json", async () => {
    const config = await readFile(join(program.store, "machines", name, "config.json"), "utf8");
    await succeeds("inspect", name);
    expect(JSON.parse(config)).toMatchObject({
      DriverName: "amazonec2",
      Driver: { MachineName: name, Region: "us-east-1", IPAddress: await get("ip", name) },
    });
    expect(await get("status", name)).toBe("Running");
  });

  test("runs its jobs with the credentials that it is given", async () => {
    await succeeds("config", name);
    const [url, folder] = [
      await get("url", name),
      await get("inspect", name, "-f", "{{.HostOptions.AuthOptions.StorePath}}"),
    ];
    expect(url).toMatch(/^tcp:\/\/[\d.]+:2376$/);
    const given = { ...env, DOCKER_HOST: url, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder };
    expect(await finish("docker", ["info", "--format", "{{.Labels}}"], { env: given })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("ci=yes") as string,
    });
  });

  test("does not take a machine that has stopped for one that can be used, and removes it", async () => {
    await succeeds("stop", name);
    expect(await get("status", name)).toBe("Stopped");
    expect((await call("config", name)).code).not.toBe(0);
    await succeeds("rm", "-y", name);
    expect(await list()).toEqual([]);
    await ec2.settled();
    expect(ec2.instances().map(({ instance }) => instance.State?.Name)).toEqual(["terminated"]);
  });

  test("is told when a create fails, and has nothing to remove then, which it does nevertheless", async () => {
    ec2.order({ action: "RunInstances", error: "InsufficientInstanceCapacity", times: 100 });
    const other = "runner-tgyehbjw-auto-scale-1764337001-0a1b2c3e";
    const failed = await create(other);
    expect(failed.stderr).toContain("InsufficientInstanceCapacity");
    expect(failed.code).not.toBe(0);
    expect(await list()).not.toContain(other);
    expect((await call("inspect", other)).code).not.toBe(0);
    expect((await call("rm", "-y", other)).code).not.toBe(0);
    await succeeds("rm", "-f", other);
  });
});
