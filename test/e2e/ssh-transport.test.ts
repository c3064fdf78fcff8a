import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { atHome } from "../support/at-home.js";
import { finish, type Finished } from "../support/command.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

describeOnHosts("a machine that docker reaches over ssh", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine", reboots: true });
    await create("web", host, "ssh");
  });
  afterAll(async () => {
    for (const name of ["web", "open", "hidden"])
      await finish("ssh", ["-F", join(program.store, "ssh_config"), "-O", "exit", name]);
  });

  async function create(
    name: string,
    { address, port, keyPath }: Host,
    transport: string,
    more: readonly string[] = [],
  ): Promise<void> {
    const created = await program.machine([
      ...["create", "-d", "generic", "--generic-ip-address", address, "--generic-ssh-port", String(port)],
      ...["--generic-ssh-user", "user", "--generic-ssh-key", keyPath, "--docker-transport", transport, ...more, name],
    ]);
    if (created.code !== 0) throw new Error(created.stderr);
  }

  /** Exit status 0 where something listens on port 2376. */
  const listens = "grep -qi ':0948 [0-9A-F]*:0000 0A ' /proc/net/tcp /proc/net/tcp6";

  test("has no port open and no certificate, and a second provision changes nothing", async () => {
    expect((await host.exec(listens)).code).toBe(1);
    const before = await host.files();
    expect(Object.keys(before).filter((path) => path.endsWith(".pem") && path.startsWith("/etc/docker"))).toEqual([]);
    const pid = await host.exec("systemctl show -p MainPID docker ssh");
    expect(await program.machine(["provision", "web"])).toMatchObject({ code: 0 });
    expect(await host.files()).toEqual(before);
    expect(await host.exec("systemctl show -p MainPID docker ssh")).toEqual(pid);
  });

  test("has an sshd that takes many sessions", async () => {
    expect((await host.exec("/usr/sbin/sshd -T | grep -i '^max[s]'")).stdout).toBe(
      "maxsessions 100\nmaxstartups 100:30:200\n",
    );
  });

  test("is told of by ls, url, env, config, version and status", async () => {
    const address = `ssh://user@${host.address}:${String(host.port)}`;
    expect((await program.machine(["url", "web"])).stdout).toBe(`${address}\n`);
    expect((await program.machine(["status", "web"])).stdout).toBe("Running\n");
    expect((await program.machine(["config", "web"])).stdout).toBe(`-H=${address}\n`);
    expect((await program.machine(["version", "web"])).stdout).toMatch(/^\d+\.\d+/);
    const listed = await program.machine(["ls", "-f", "{{.URL}} {{.DockerVersion}} {{.Error}}"]);
    expect(listed.stdout).toMatch(new RegExp(`^${address} v\\d\\S+ $`, "m"));
    const env = await program.machine(["env", "--shell", "bash", "web"]);
    expect(env.stdout).toMatch(/^unset DOCKER_TLS_VERIFY\nunset DOCKER_CERT_PATH\nexport DOCKER_HOST="ssh:/);
    expect(env.stderr).toContain("machine ssh-config --install");
    expect((await program.machine(["active"], { env: { DOCKER_HOST: address } })).stdout).toBe("web\n");
  });

  const linux = { code: 0, stdout: "linux\n", stderr: "" };
  const askSystem = "version --format '{{.Server.Os}}'";

  describe("once ssh-config is installed", () => {
    beforeAll(async () => {
      expect(await program.machine(["ssh-config", "--install"])).toMatchObject({ code: 0 });
    });

    test("is known to ssh, scp and docker by its name", async () => {
      expect((await program.machine(["url", "web"])).stdout).toBe("ssh://web\n");
      expect(await atHome(program, "ssh web hostname")).toMatchObject({ code: 0, stdout: "web\n", stderr: "" });
      await writeFile(join(program.home, "file"), "content\n");
      expect(await atHome(program, "scp -q ~/file web:/tmp/file && ssh web cat /tmp/file")).toMatchObject({
        stdout: "content\n",
      });
      const env = (await program.machine(["env", "--shell", "sh", "web"])).stdout;
      const asked = await atHome(program, `${env}docker version --format '{{.Server.Os}}'`);
      expect(asked).toEqual({ code: 0, stdout: "linux\n", stderr: "" });
    });

    test("answers ten docker clients at once", async () => {
      const line = "for n in 0 1 2 3 4 5 6 7 8 9; do docker -H ssh://web ps -q && echo done & done; wait";
      expect(await atHome(program, line)).toEqual({ code: 0, stdout: "done\n".repeat(10), stderr: "" });
    });

    test("is known through its jump host as well", async () => {
      const [jump, hidden] = [await lab.createHost(), await lab.createHost({ image: "engine" })];
      await jump.exec("cat >> /root/.ssh/authorized_keys", { input: await readFile(`${hidden.keyPath}.pub`, "utf8") });
      await create("hidden", hidden, "ssh", ["--generic-ssh-jump", `root@${jump.address}`]);
      const env = await program.machine(["env", "--shell", "sh", "hidden"]);
      expect(env).toMatchObject({ code: 0, stdout: expect.stringContaining("ssh://hidden") as string });
      expect(await atHome(program, `${env.stdout}docker ${askSystem}`)).toEqual(linux);
      expect(await atHome(program, `docker -H ssh://hidden ${askSystem}`)).toEqual(linux);
    });

    describe("where both ways are asked for", () => {
      let open: Host;
      beforeAll(async () => {
        open = await lab.createHost({ image: "bare" });
        await create("open", open, "both", ["--engine-source", "distro"]);
      });

      const change = (transport: string): Promise<Finished> =>
        program.machine(["provision", "--docker-transport", transport, "open"]);
      /** What is saved, where the docker context leads, and whether that works. */
      async function expectOpen(transport: string, url: string): Promise<void> {
        const shown = await program.machine(["inspect", "-f", "{{.DockerTransport}}", "open"]);
        expect(shown).toEqual({ code: 0, stdout: `${transport}\n`, stderr: "" });
        const context = await atHome(program, "docker context inspect -f '{{.Endpoints.docker.Host}}' open");
        expect(context.stdout).toBe(`${url}\n`);
        expect(await atHome(program, `docker --context open ${askSystem}`)).toEqual(linux);
      }

      test("opens its port as well", async () => {
        expect((await open.exec(listens)).code).toBe(0);
        expect((await program.machine(["url", "open"])).stdout).toBe(`tcp://${open.address}:2376\n`);
        expect(await program.bash(`eval "$(machine env open)" && docker ${askSystem}`)).toEqual(linux);
        expect(await atHome(program, `docker -H ssh://open ${askSystem}`)).toEqual(linux);
      });

      test("closes its port and loses its certificates when provision is to change it to ssh", async () => {
        expect(await change("ssh")).toMatchObject({
          code: 0,
          stderr: expect.stringContaining("(open) docker reaches it at ssh://open from now on\n") as string,
        });
        expect((await open.exec(listens)).code).toBe(1);
        await expectOpen("ssh", "ssh://open");
        expect((await program.machine(["inspect", "-f", "{{len .Certificates}}", "open"])).stdout).toBe("0\n");
      });

      test("stays as it is where the other way cannot be had", async () => {
        expect(await change("ssh")).toMatchObject({ code: 0 });
        const server = "@socket = IO::Socket::INET->new(LocalPort => 2376, Listen => 9, ReuseAddr => 1); sleep";
        await open.exec(
          `systemd-run --unit other perl -MIO::Socket::INET -e '${server}'; until ${listens}; do sleep 0.1; done`,
        );
        onTestFinished(async () => {
          await open.exec("systemctl stop other");
        });
        expect(await change("tls")).toMatchObject({ code: 1 });
        await expectOpen("ssh", "ssh://open");
      });

      test("opens its port to certificates of its own when provision is to change it to tls", async () => {
        expect(await change("ssh")).toMatchObject({ code: 0 });
        expect(await change("tls")).toMatchObject({ code: 0 });
        await expectOpen("tls", `tcp://${open.address}:2376`);
        expect(await program.bash(`eval "$(machine env open)" && docker ${askSystem}`)).toEqual(linux);
        expect((await program.machine(["inspect", "-f", "{{len .Certificates}}", "open"])).stdout).toBe("3\n");
      });
    });
  });

  test("is waited for after a restart, and has no certificates that could be regenerated", async () => {
    expect(await program.machine(["restart", "web"])).toMatchObject({ code: 0 });
    expect((await program.machine(["version", "web"])).stdout).toMatch(/^\d+\.\d+/);
    const regenerated = await program.machine(["regenerate-certs", "-f", "web"]);
    expect(regenerated).toMatchObject({ code: 0, stderr: expect.stringContaining("has no certificates") as string });
    expect(Object.keys(await host.files("/etc/docker")).filter((path) => path.endsWith(".pem"))).toEqual([]);
  });

  test("keeps the limits of an sshd that does not accept its configuration, and says so", async () => {
    await host.exec(
      "rm /etc/ssh/sshd_config.d/60-machine.conf; echo Nonsense yes > /etc/ssh/sshd_config.d/99-own.conf",
    );
    onTestFinished(async () => {
      await host.exec("rm /etc/ssh/sshd_config.d/99-own.conf");
    });
    const provisioned = await program.machine(["provision", "web"]);
    expect(provisioned.code).toBe(0);
    expect(provisioned.stderr).toMatch(
      /\(web\) sshd keeps its limits, since it does not accept others: .*99-own\.conf/,
    );
    expect(Object.keys(await host.files("/etc/ssh/sshd_config.d"))).not.toContain(
      "/etc/ssh/sshd_config.d/60-machine.conf",
    );
  });

  test.each([
    {
      opened: "a variable",
      port: 2375,
      by: "echo 'DOCKER_OPTS=\"-H tcp://0.0.0.0:2375\"' > /etc/default/docker",
      undo: "rm /etc/default/docker",
    },
    {
      opened: "a socket unit",
      port: 2376,
      by:
        "mkdir -p /etc/systemd/system/docker.socket.d && cd /etc/systemd/system/docker.socket.d && " +
        "printf '[Socket]\\nListenStream=2376\\n' > tcp.conf",
      undo: "rm /etc/systemd/system/docker.socket.d/tcp.conf",
    },
    {
      opened: "TLS that asks for no certificate, at one address",
      port: 2377,
      by: `cd /root && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout key.pem -out cert.pem 2>/dev/null &&
        echo 'DOCKER_OPTS="-H tcp://127.0.0.2:2377 --tls --tlsverify=false --tlscacert /root/cert.pem --tlscert /root/cert.pem --tlskey /root/key.pem"' > /etc/default/docker`,
      undo: "rm /etc/default/docker",
    },
  ])("is not done where $opened opens the engine to anybody", async ({ port, by, undo }) => {
    const restart =
      "systemctl daemon-reload && systemctl reset-failed docker.socket docker; systemctl stop docker.socket docker && systemctl start docker";
    onTestFinished(async () => {
      await host.exec(`${undo}; ${restart}`);
    });
    expect(await host.exec(`${by} && ${restart}`)).toMatchObject({ code: 0, stderr: "" });
    const provisioned = await program.machine(["provision", "web"]);
    expect(provisioned.code, provisioned.stderr).toBe(1);
    expect(provisioned.stderr).toMatch(
      new RegExp(
        `the engine answers anybody at 127\\.0\\.0\\.\\d:${String(port)}, without a certificate\n.*docker.socket`,
      ),
    );
  });

  test("may be of a swarm, publish ports and tell metrics, none of which is the engine's API", async () => {
    const file = "/etc/docker/daemon.json";
    onTestFinished(async () => {
      await host.exec(`docker swarm leave --force; rm ${file}`);
    });
    await host.exec(`echo '{"metrics-addr": "127.0.0.1:9323", "experimental": true}' > ${file}`);
    expect(
      await host.exec("systemctl reset-failed docker; systemctl restart docker && docker swarm init"),
    ).toMatchObject({ code: 0 });
    expect((await host.exec("curl -s http://127.0.0.1:9323/metrics")).stdout).toContain("engine_daemon");
    expect(await program.machine(["provision", "web"])).toMatchObject({ code: 0 });
  });
});
