import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { atHome } from "../support/at-home.js";
import { installClients, scriptEnvironment } from "../support/clients.js";
import { finish } from "../support/command.js";
import { generic } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { forClients, installPrerequisites } from "../support/prerequisites.js";
import type { Program } from "../support/program.js";

describeOnHosts("a machine, for clients that were not written here,", (lab) => {
  let program: Program;
  let host: Host;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    await installPrerequisites(forClients);
    program = await lab.installProgram();
    await installClients(program);
    env = {
      ...(await scriptEnvironment(program)),
      // Its helper is an image of a registry.
      TESTCONTAINERS_RYUK_DISABLED: "true",
      // By default it keeps a connection of its own open for a minute.
      ANSIBLE_SSH_ARGS: "-C",
    };
    host = await lab.createHost({ image: "engine" });
    await host.exec("docker load", { input: createReadStream(lab.busyboxTar) });
    for (const args of [
      ["create", ...generic(host), "--docker-transport", "both", "web"],
      ["ssh-config", "--install"],
      ["use", "web"],
    ]) {
      const { code, stderr } = await program.machine(args);
      expect(code, stderr).toBe(0);
    }
  });
  afterAll(() => finish("ssh", ["-F", join(program.store, "ssh_config"), "-O", "exit", "web"]));

  /** Runs a line of sh in the user's home. */
  const run = (line: string) => atHome(program, `cd "$HOME"; ${line}`, { env });
  const useEnv = 'eval "$(docker-machine env --shell sh web)"';
  /** How a docker client gets there. `machine use` has been typed, so without a word it goes by the context. */
  const ways = [
    { way: "env", first: useEnv },
    { way: "context", first: ":" },
    { way: "ssh", first: "export DOCKER_HOST=ssh://web" },
  ];

  test.each(ways)("takes a build, and what is piped into a container, from docker by $way", async ({ first }) => {
    const build = "printf 'FROM busybox\\nRUN echo built >/file\\n' | DOCKER_BUILDKIT=0 docker build -q -t built -";
    const piped = "echo piped | docker run -i --rm built cat /file -";
    expect(await run(`${first}; ${build} && ${piped}`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^sha256:\w+\nbuilt\npiped\n$/) as string,
    });
  });

  test.each(ways)("runs the services of a docker-compose by $way", async ({ first }) => {
    const compose = "docker-compose --project-name demo --file compose.yml";
    await writeFile(
      join(program.home, "compose.yml"),
      'version: "3"\nservices:\n  one:\n    image: busybox\n    command: sleep 1000\n',
    );
    const { code, stdout, stderr } = await run(
      `${first}; ${compose} up -d && ${compose} exec -T one echo hi; ${compose} down -t 0`,
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toBe("hi\n");
    expect((await host.exec("docker ps --all --quiet --filter label=com.docker.compose.project=demo")).stdout).toBe("");
  });

  test("runs the containers of testcontainers by env, which finds their ports", async () => {
    const script = `
      const { GenericContainer } = require("testcontainers");
      (async () => {
        const serve = "mkdir /www; echo hello >/www/index.html; exec httpd -f -h /www";
        const made = new GenericContainer("busybox").withCommand(["sh", "-c", serve]).withExposedPorts(80);
        const container = await made.start();
        const page = await fetch(\`http://\${container.getHost()}:\${container.getMappedPort(80)}\`);
        console.log(container.getHost(), (await page.text()).trim(), (await container.exec(["echo", "hi"])).output);
        await container.stop();
      })();`;
    await writeFile(join(program.home, "testcontainers.cjs"), script);
    expect(await run(`${useEnv}; node testcontainers.cjs`)).toEqual({
      code: 0,
      stdout: `${host.address} hello hi\n\n`,
      stderr: "",
    });
  });

  describe("as Ansible's inventory community.docker.docker_machine has it,", () => {
    beforeAll(async () => {
      const lines = [
        "plugin: community.docker.docker_machine",
        "keyed_groups: [{ separator: '', key: docker_machine_node_attributes.DriverName }]",
        // By its name the user's ssh knows it, with its pinned host key.
        "compose: { ansible_host: Driver.MachineName }",
      ];
      await writeFile(join(program.home, "docker_machine.yml"), lines.join("\n"));
    });

    test("is there with the variables of ssh and docker, in the group of its driver", async () => {
      const { code, stdout, stderr } = await run("ansible-inventory -i docker_machine.yml --list");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const listed = JSON.parse(stdout) as { _meta: { hostvars: Record<string, unknown> } };
      expect(listed).toMatchObject({ generic: { hosts: ["web"] } });
      expect(listed._meta.hostvars["web"]).toMatchObject({
        ansible_port: host.port,
        ansible_user: "root",
        ansible_ssh_private_key_file: host.keyPath,
        dm_DOCKER_HOST: `tcp://${host.address}:2376`,
        dm_DOCKER_TLS_VERIFY: "1",
        dm_DOCKER_CERT_PATH: join(program.store, "machines", "web"),
        dm_DOCKER_MACHINE_NAME: "web",
        docker_machine_node_attributes: { Driver: { IPAddress: host.address }, HostOptions: {} },
      });
    });

    test("is reached with its pinned host key, and not without", async () => {
      const raw = "ansible -i docker_machine.yml generic -m raw -a hostname";
      expect((await run(raw)).stdout).toMatch(/^web \| CHANGED \| rc=0 >>\nweb\r?\n/);
      expect((await run(`${raw} -e ansible_host=${host.address}`)).stdout).toContain("Host key verification failed");
    });
  });

  test("answers each function of npm's docker-machine", async () => {
    const script = `
      const Machine = require("docker-machine");
      const { promisify } = require("node:util");
      (async () => {
        const seen = {};
        for (const [name, ...args] of JSON.parse(process.argv[2])) {
          seen[name] = await promisify(Machine[name])(...args).catch(({ message }) => message);
        }
        console.log(JSON.stringify(seen));
      })();`;
    await writeFile(join(program.home, "wrapper.cjs"), script);
    const calls = [
      ["status", "web"],
      ["isRunning", "web"],
      ["env", "web", { parse: true }],
      ["ssh", "web", ["cat", "/etc/hostname"]],
      ["inspect", "web"],
      ["list", { inspect: true, timeout: 20 }],
      ["start", "web"],
      ["kill", "web"],
      ["stop", "nobody"],
      ["create", "other", "none", { url: "tcp://192.0.2.1:2376" }],
    ];
    const { code, stdout, stderr } = await run(`node wrapper.cjs '${JSON.stringify(calls)}'`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const driver = { ipAddress: host.address, machineName: "web", sshKeyPath: host.keyPath, sshPort: host.port };
    expect(JSON.parse(stdout)).toMatchObject({
      status: "running",
      isRunning: true,
      env: { DOCKER_HOST: `tcp://${host.address}:2376`, DOCKER_TLS_VERIFY: "1", DOCKER_MACHINE_NAME: "web" },
      ssh: "web\n",
      inspect: { name: "web", driverName: "generic", driver, hostOptions: { engineOptions: { tlsVerify: true } } },
      list: [
        {
          ...{ name: "web", active: "*", activeHost: true, activeSwarm: false, driverName: "generic", driver },
          ...{ state: "running", url: `tcp://${host.address}:2376`, swarm: null, error: null },
          dockerVersion: expect.stringMatching(/^v\d/) as string,
          responseTime: expect.any(Number) as number,
        },
      ],
      kill: expect.stringContaining("generic driver does not support kill") as string,
      stop: expect.stringContaining('"nobody" does not exist') as string,
    });
    expect((await program.machine(["url", "other"])).stdout).toBe("tcp://192.0.2.1:2376\n");
  });
});
