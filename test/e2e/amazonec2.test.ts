import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostLauncher } from "../stand-ins/ec2/host-launcher.js";
import { type Ec2Stand, startEc2, testAccount } from "../stand-ins/ec2/stand.js";
import type { Finished } from "../support/command.js";
import { createAsPlanned } from "../support/create-as-planned.js";
import { describeOnHosts } from "../support/lab.js";
import { watchProcesses } from "../support/processes.js";
import type { Program } from "../support/program.js";

describeOnHosts("an instance of EC2", (lab) => {
  let program: Program;
  let ec2: Ec2Stand;
  let created: Finished;
  let processes: string;
  let env: Readonly<Record<string, string>>;
  const machine = (...args: readonly string[]) => program.machine(args, { env });

  beforeAll(async () => {
    program = await lab.installProgram();
    ec2 = await startEc2({ launcher: hostLauncher(lab) });
    env = {
      AWS_ACCESS_KEY_ID: testAccount.accessKeyId,
      AWS_SECRET_ACCESS_KEY: testAccount.secretAccessKey,
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ENDPOINT: ec2.url,
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const watched = watchProcesses();
    created = await createAsPlanned(
      (...args) => machine("-D", ...args),
      ...["-d", "amazonec2", "--engine-source", "distro", "web"],
    );
    processes = await watched();
  });
  afterAll(() => ec2.close());

  test("becomes a Docker host by one command, and no secret is saved or told", async () => {
    const dir = join(program.store, "machines", "web");
    const config = await readFile(join(dir, "config.json"), "utf8");
    for (const seen of [config, created.stdout, created.stderr, processes]) {
      expect(seen).not.toContain(testAccount.secretAccessKey);
      expect(seen).not.toContain("PRIVATE KEY");
    }
    expect(config).toContain(`"Account": "${testAccount.id}"`);
    expect(ec2.calls.filter(({ action, error }) => action === "RunInstances" && error === "")).toHaveLength(1);
  });

  test("runs containers, and its key pair is gone from EC2", async () => {
    const load = 'eval "$(machine env web)"; docker load';
    expect((await program.bash(load, { env, input: createReadStream(lab.busyboxTar) })).code).toBe(0);
    const ran = await program.bash('eval "$(machine env web)"; docker run --rm busybox echo hi', { env });
    expect(ran).toMatchObject({ code: 0, stdout: "hi\n" });
    expect(ec2.calls.map(({ action }) => action)).toContain("DeleteKeyPair");
    expect((await machine("status", "web")).stdout).toBe("Running\n");
  });

  test("starts again at another address, for which it gets a certificate", async () => {
    const before = (await machine("ip", "web")).stdout;
    expect(await machine("stop", "web")).toMatchObject({ code: 0 });
    expect((await machine("status", "web")).stdout).toBe("Stopped\n");
    const started = await machine("start", "web");
    expect(started.code, started.stderr).toBe(0);
    expect((await machine("ip", "web")).stdout).not.toBe(before);
    const ran = await program.bash('eval "$(machine env web)"; docker version --format "{{.Server.Os}}"', { env });
    expect(ran).toMatchObject({ code: 0, stdout: "linux\n" });
    const restarted = await machine("restart", "web");
    expect(restarted.code, restarted.stderr).toBe(0);
  });

  test("is found where it is after it was started by other means", async () => {
    const file = join(program.store, "machines", "web", "config.json");
    const config = await readFile(file, "utf8");
    const ip = (await machine("ip", "web")).stdout.trim();
    const forget = (): Promise<void> => writeFile(file, config.replaceAll(ip, "198.19.2.3"));
    const url = `tcp://${ip}:2376`;

    await forget();
    expect((await machine("ls", "-f", "{{.URL}} {{.Error}}")).stdout).toBe(`${url} \n`);
    expect((await machine("env", "web")).stdout).toContain(`DOCKER_HOST="${url}"`);
    expect(await readFile(file, "utf8")).toBe(config);

    await forget();
    expect(await machine("regenerate-certs", "-f", "web")).toMatchObject({ code: 0 });
    expect(await readFile(file, "utf8")).toBe(config);
    await forget();
    expect((await machine("ssh", "web", "hostname")).stdout).toBe("web\n");
  });

  test("is kept from a wrong key, which is not shown", async () => {
    const refused = await program.machine(["stop", "web"], { env: { ...env, AWS_SECRET_ACCESS_KEY: "mistaken" } });
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/hint: .*secret key is wrong/);
    expect(refused.stderr).not.toMatch(/mistaken|^\s+at /m);
  });

  test("is terminated by rm, which leaves nothing", async () => {
    expect(await machine("rm", "-y", "web")).toMatchObject({ code: 0 });
    await ec2.settled();
    expect(ec2.instances().map(({ instance }) => instance.State?.Name)).toEqual(["terminated"]);
    const found = await machine("gc", "-d", "amazonec2");
    expect(found).toMatchObject({ code: 0, stdout: "" });
  });

  test("that is created for a time, on an EC2 in trouble, ends by itself when it is over, and rm takes away what it leaves", async () => {
    ec2.order({ action: "*", error: "RequestLimitExceeded", times: 2 });
    ec2.order({ action: "DescribeSubnets", error: "InternalError" });
    ec2.order({ action: "ImportKeyPair", drop: "after" });
    ec2.order({ action: "RunInstances", after: 1, drop: "after", pendingMs: 3_000 });
    ec2.order({ action: "DescribeInstances", blind: true, times: 4 });
    const created = await machine("create", "-d", "amazonec2", "--engine-source", "distro", "--ttl", "8h", "brief");
    expect(created.code, created.stderr).toBe(0);
    const timers = await machine("ssh", "brief", "systemctl", "list-timers");
    expect(timers.stdout).toMatch(/\b7h .*machine-ttl\.timer/);
    await machine("ssh", "brief", "sudo", "systemctl", "start", "machine-ttl.service");
    await expect.poll(() => ec2.instances().at(-1)?.instance.State?.Name).toBe("terminated");
    expect(await machine("rm", "-y", "brief")).toMatchObject({ code: 0 });
    expect(await machine("gc", "-d", "amazonec2")).toMatchObject({ code: 0, stdout: "" });
  });
});
