import { createReadStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { makeAuthority } from "../../src/tls/certificate.js";
import { finish, type Finished } from "../support/command.js";
import { createAsPlanned } from "../support/create-as-planned.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

describeOnHosts("a bare host", (lab) => {
  let program: Program;
  let host: Host;
  let created: Finished;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost();
    const { url } = await lab.serveInstallScripts();
    created = await createAsPlanned(
      (...args) => program.machine(args),
      ...["-d", "generic", "--generic-ip-address", host.address, "--generic-ssh-user", "user"],
      ...["--generic-ssh-key", host.keyPath, "--engine-install-url", `${url}/install.sh`, "web"],
    );
    await host.exec("docker load", { input: createReadStream(lab.busyboxTar) });
  });

  const docker = (args: readonly string[], certificates: string) =>
    finish("docker", ["-H", `tcp://${host.address}:2376`, ...args], {
      env: {
        ...program.env,
        ...(certificates === "" ? {} : { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates }),
      },
    });

  test("becomes a Docker host by one command, whose output tells the host key and the steps that --dry-run names", () => {
    expect(created.stderr).toContain(host.hostKeyFingerprint);
    expect(JSON.parse(created.stdout)).toMatchObject({ name: "web", driver: "generic" });
  });

  test("runs a container for the docker CLI of an evaluated env", async () => {
    const ran = await program.bash(`eval "$(machine env web)" && docker version && docker run --rm busybox echo hi`);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/Server:[^]*\nhi\n$/);
  });

  test("refuses a client without TLS, without a certificate and with a foreign one", async () => {
    const ca = await readFile(join(program.store, "certs", "ca.pem"), "utf8");
    const foreign = await makeAuthority({ user: "eve", now: Date.now() });
    const dir = join(program.home, "foreign");
    await mkdir(dir);
    const files = { "ca.pem": ca, "cert.pem": foreign.cert, "key.pem": foreign.key };
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    const config = (await program.machine(["config", "web"])).stdout.trim().split("\n");

    expect(await docker(["version"], join(program.store, "machines", "web"))).toMatchObject({ code: 0 });
    expect((await docker(["version"], "")).stderr).toContain("HTTP request to an HTTPS server");
    expect((await docker(["version"], dir)).stderr).toMatch(
      /bad certificate|unknown certificate authority|certificate required/,
    );
    expect(config.at(-1)).toBe(`-H=tcp://${host.address}:2376`);
  });

  test("is listed with its version, and every command about it answers", async () => {
    const environment = { env: { ...program.env, DOCKER_HOST: `tcp://${host.address}:2376` } };
    const version = (await host.exec("docker version --format '{{.Server.Version}}'")).stdout.trim();
    const row = (await program.machine(["ls"], environment)).stdout.split("\n")[1] ?? "";
    expect(row.trim().split(/ +/)).toEqual([
      ...["web", "*", "generic", "Running", `tcp://${host.address}:2376`, `v${version}`],
    ]);
    for (const [command, answer] of Object.entries({
      ip: host.address,
      url: `tcp://${host.address}:2376`,
      status: "Running",
    })) {
      expect(await program.machine([command, "web"])).toEqual({ code: 0, stdout: `${answer}\n`, stderr: "" });
    }
    expect((await program.machine(["active"], environment)).stdout).toBe("web\n");
    expect((await program.machine(["version", "web"])).stdout).toBe(`${version}\n`);
    expect((await program.machine(["inspect", "web", "-f", "{{.Driver.SSHUser}}"])).stdout).toBe("user\n");
  });

  test("is not provisioned anew by a second run: no byte changes and nothing restarts", async () => {
    const started = async (): Promise<string> =>
      (await host.exec("systemctl show -p MainPID,ExecMainStartTimestampMonotonic docker.service docker.socket"))
        .stdout;
    const before = [await host.files("/etc"), await host.files("/usr"), await started()];
    expect(await program.machine(["provision", "web"])).toMatchObject({ code: 0, stdout: "" });
    expect([await host.files("/etc"), await host.files("/usr"), await started()]).toEqual(before);
  });

  test("takes new certificates without becoming unreachable", async () => {
    const serial = async (): Promise<string> => (await host.exec("cat /etc/docker/server.pem")).stdout;
    const before = await serial();
    expect(await program.machine(["regenerate-certs", "-f", "--client-certs", "web"])).toMatchObject({ code: 0 });
    expect(await serial()).not.toBe(before);
    const ran = await program.bash(`eval "$(machine env web)" && docker run --rm busybox echo hi`);
    expect(ran).toMatchObject({ code: 0, stdout: "hi\n" });
  });

  test("is forgotten by rm, and goes on running", async () => {
    const removed = await program.machine(["rm", "-y", "web"]);
    expect(removed).toMatchObject({ code: 0 });
    expect(removed.stdout).toContain("Successfully removed web\n");
    expect((await program.machine(["ls", "-q"])).stdout).toBe("");
    expect((await host.exec("systemctl is-active docker")).stdout).toBe("active\n");
  });
});
