import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import container from "../../drivers/container/index.js";
import { machineIo } from "../../src/core/session/io.js";
import { openSession } from "../../src/core/session/session.js";
import { driverChecks } from "../../src/driver/conformance.js";
import type { Machine } from "../../src/driver/index.js";
import type { MachineConfig } from "../../src/store/config.js";
import { finish, output } from "../support/command.js";
import { clientEnv, docker, engineIn, supervise, type Engine } from "../support/engine.js";
import { baseImage } from "../support/host-image.js";
import { createAsPlanned } from "../support/create-as-planned.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

// An engine of its own, which can be restarted.
const slot = "95";

describeOnHosts("a machine in a container of this computer's engine", (lab) => {
  const engine = engineIn(slot);
  const env = { DOCKER_HOST: clientEnv(engine).DOCKER_HOST };
  let program: Program;
  let data: string;
  let supervisor: Awaited<ReturnType<typeof supervise>>["supervisor"];
  const machine = (...args: readonly string[]) => program.machine(args, { env });
  const bash = (line: string) => program.bash(line, { env });
  const load = (name: string) =>
    program.bash(`eval "$(machine env ${name})"; docker load`, { env, input: createReadStream(lab.busyboxTar) });

  beforeAll(async () => {
    program = await lab.installProgram();
    data = await mkdtemp(join(tmpdir(), "machine-test-"));
    ({ supervisor } = await supervise([slot], { data }));
    await copyBase(lab.engine, engine);
  });
  afterAll(async () => {
    supervisor.kill();
    await once(supervisor, "exit");
    await rm(data, { recursive: true, force: true });
  });

  describe("passes the suite of all drivers on the real engine:", () => {
    beforeAll(async () => {
      expect(await machine("create", "verbs")).toMatchObject({ code: 0 });
    });
    afterAll(async () => {
      expect(await machine("rm", "-y", "verbs")).toMatchObject({ code: 0 });
    });
    const session = openSession({
      env: { PATH: process.env["PATH"], ...env },
      signal: new AbortController().signal,
      report: () => undefined,
      tell: () => undefined,
      debug: () => undefined,
      ask: () => Promise.resolve(undefined),
      storagePath: join(tmpdir(), "machine-test-no-store"),
      tls: { tlsCaCert: undefined, tlsCaKey: undefined, tlsClientCert: undefined, tlsClientKey: undefined },
      command: "test",
    });
    const io = machineIo(session, { name: "web-1", dir: join(tmpdir(), "machine-test-no-machine") });
    const refused = [{ options: { network: "host" }, error: /--container-network/ }];
    const running = {
      io,
      machine: () => saved("verbs"),
      run: async () => docker(engine, ["inspect", "-f", "{{.State.StartedAt}}", await containerOf("verbs")]),
    };
    for (const { name, run } of driverChecks(container, { options: {}, refused, io, running })) test(name, run);
  });

  describe("of two on one network,", () => {
    beforeAll(async () => {
      const options = ["--container-memory", "2g", "--container-publish", "28080:80"];
      const created = await machine("create", ...options, "one");
      expect(created.code, created.stderr).toBe(0);
      const version = (await machine("version", "one")).stdout.trim();
      expect(created.stderr).toContain(` holds engine ${version}\n`);
      expect((await machine("doctor", "-d", "container")).stdout).toContain(`holds engine ${version}`);
      await createAsPlanned(machine, "two");
      for (const name of ["one", "two"]) expect(await load(name)).toMatchObject({ code: 0 });
      const page = "mkdir /www; echo hello >/www/index.html; exec httpd -f -h /www";
      const ran = await bash(
        `eval "$(machine env one)"; docker run -d --name web --restart always -p 80:80 busybox sh -c '${page}'
         docker volume create kept; docker run --rm -v kept:/kept busybox sh -c 'echo data >/kept/file'`,
      );
      expect(ran.code, ran.stderr).toBe(0);
    });

    test("is what create makes where no driver is chosen, and runs containers", async () => {
      const listed = await machine(
        "ls",
        "-f",
        "{{.Name}} {{.DriverName}} {{.State}} {{.Error}}",
        "--filter",
        "name=^one$",
      );
      expect(listed.stdout).toBe("one container Running \n");
      await expectPage();
    });

    test("has its host key pinned before the first contact, and keeps no private key but ours", async () => {
      expect((await readdir(join(program.store, "machines", "one"))).sort()).toEqual([
        ...["ca.pem", "cert.pem", "commands.jsonl", "config.json", "id_rsa", "id_rsa.pub", "key.pem", "known_hosts"],
        ...["server-key.pem", "server.pem"],
      ]);
      const shown = await machine(
        "ssh",
        "one",
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; ls /etc/machine-node",
      );
      const config = await readFile(join(program.store, "machines", "one", "config.json"), "utf8");
      expect(config).toContain(`"SSHHostKey": "${shown.stdout.split(" ")[1] ?? ""}"`);
      expect(shown.stdout).toMatch(/\ninit\.sh\n$/);
      expect(config).toContain('"Memory": "2g"');
      expect(await docker(engine, ["inspect", "-f", "{{.HostConfig.Memory}}", await containerOf("one")])).toBe(
        String(2 * 1024 ** 3),
      );
    });

    test("is not taken for another one, though both have the address of this computer", async () => {
      const [one, two] = ["one", "two"].map((name) => join(program.store, "machines", name));
      const url = (await machine("url", "two")).stdout.trim();
      const ask = (ca = ""): string =>
        `docker --tlsverify --tlscacert ${ca}/ca.pem --tlscert ${two ?? ""}/cert.pem --tlskey ${two ?? ""}/key.pem -H ${url} version`;
      expect(await bash(ask(two))).toMatchObject({ code: 0 });
      const mistaken = await bash(ask(one));
      expect(mistaken.code).toBe(1);
      expect(mistaken.stderr).toMatch(/unknown authority|certificate signed by unknown/);
    });

    test("is reached by its name from another one, and from the containers on it", async () => {
      expect(await machine("ssh", "two", "curl -sS http://one")).toMatchObject({ stdout: "hello\n", code: 0 });
      const { address = "", port = 0 } = container.access((await saved("one")).state).peer ?? {};
      const knock = `bash -c '</dev/tcp/${address}/${String(port)}'`;
      expect(await machine("ssh", "two", knock)).toMatchObject({ code: 0, stderr: "" });
      const ran = await bash('eval "$(machine env two)"; docker run --rm busybox wget -q -O - http://one');
      expect(ran).toMatchObject({ stdout: "hello\n", code: 0 });
    });

    test.each([{ verbs: ["stop", "start"] }, { verbs: ["kill", "start"] }, { verbs: ["restart"] }])(
      "keeps its images, containers, volumes, ports and certificates over $verbs",
      async ({ verbs }) => {
        const before = await machine("env", "one");
        for (const verb of verbs) {
          expect(await machine(verb, "one")).toMatchObject({ code: 0 });
          expect((await machine("status", "one")).stdout).toBe(
            verb === "start" || verb === "restart" ? "Running\n" : "Stopped\n",
          );
        }
        expect((await machine("env", "one")).stdout).toBe(before.stdout);
        await expectKept();
      },
    );

    test("keeps all that over a restart of this computer's engine; one that was stopped stays so", async () => {
      const before = await machine("env", "one");
      expect((await machine("stop", "two")).code).toBe(0);
      const pid = await readFile(join(engine.folder, "engine.pid"), "utf8");
      supervisor.kill("SIGUSR1");
      const restarted = async () =>
        (await readFile(join(engine.folder, "engine.pid"), "utf8").catch(() => pid)) !== pid;
      await expect.poll(restarted).toBe(true);
      await expect.poll(async () => (await machine("env", "one")).stdout).toBe(before.stdout);
      await expectKept();
      expect((await machine("status", "two")).stdout).toBe("Stopped\n");
    });

    test("leaves nothing behind when it is removed, by whatever means", async () => {
      await docker(engine, ["rm", "--force", "--volumes", await containerOf("two")]);
      expect((await machine("status", "two")).stdout).toBe("Missing\n");
      expect(await machine("rm", "-y", "one", "two")).toMatchObject({ code: 0 });
      expect(await docker(engine, ["ps", "--all", "--quiet"])).toBe("");
      expect(await docker(engine, ["volume", "ls", "--quiet"])).toBe("");
      expect(await docker(engine, ["network", "ls", "--quiet", "--filter", "name=machine"])).toBe("");
      expect((await machine("ls", "-q")).stdout).toBe("");
    });
  });

  test("is started again where its network was pruned, with its name on it", async () => {
    expect(await machine("create", "--container-network", "pruned", "alone")).toMatchObject({ code: 0 });
    expect(await machine("stop", "alone")).toMatchObject({ code: 0 });
    await docker(engine, ["network", "prune", "--force"]);
    expect(
      (await finish("docker", ["network", "ls", "--format", "{{.Name}}"], { env: clientEnv(engine) })).stdout,
    ).not.toMatch(/^pruned$/m);
    expect(await machine("start", "alone")).toMatchObject({ code: 0 });
    expect((await machine("ls")).stdout).toMatch(/^alone .* Running .*v\d/m);
    expect((await docker(engine, ["network", "inspect", "pruned"])).trim()).not.toBe("[]");
    expect(await machine("rm", "-y", "alone")).toMatchObject({ code: 0 });
  });

  test("is made together with others, and each has ports of its own", async () => {
    const names = ["a", "b", "c", "d", "e"];
    const created = await Promise.all(names.map((name) => machine("create", name)));
    for (const { code, stderr } of created) expect(code, stderr).toBe(0);
    const urls = (await machine("ls", "-f", "{{.URL}}{{.Error}}", "--filter", "name=^[a-e]$")).stdout
      .trim()
      .split("\n");
    expect(new Set(urls).size).toBe(names.length);
    expect(await machine("rm", "-y", ...names)).toMatchObject({ code: 0 });
    for (const name of names) expect(await containerOf(name)).toBe("");
  });

  test("is undone when its image cannot boot, with what it said", async () => {
    await docker(engine, ["load", "--input", lab.busyboxTar]);
    const failed = await machine("create", "--container-image", "busybox", "three");
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toMatch(/three: the container has ended instead of booting\n.*\nhint: .*systemd/s);
    expect(await containerOf("three")).toBe("");
    expect((await machine("status", "three")).stderr).toContain('"three" does not exist');
  });

  test("says which port is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const port = String((server.address() as AddressInfo).port);
    const failed = await machine("create", "--container-engine-port", port, "four");
    expect(failed.stderr).toMatch(/four: port \d+ of this computer is taken\nhint: .*--container-engine-port/);
    expect((await machine("status", "four")).stderr).toContain('"four" does not exist');
    server.close();
  });

  async function expectPage(): Promise<void> {
    const page = async () => (await finish("curl", ["-sS", "http://127.0.0.1:28080"])).stdout;
    await expect.poll(page).toBe("hello\n");
  }

  async function expectKept(): Promise<void> {
    const kept = await bash('eval "$(machine env one)"; docker run --rm -v kept:/kept busybox cat /kept/file');
    expect(kept).toMatchObject({ stdout: "data\n", code: 0 });
    await expectPage();
  }

  async function saved(name: string): Promise<Machine> {
    const dir = join(program.store, "machines", name);
    const config = JSON.parse(await readFile(join(dir, "config.json"), "utf8")) as MachineConfig;
    return { name, dir, state: config.Driver };
  }

  async function containerOf(name: string): Promise<string> {
    return docker(engine, ["ps", "--all", "--quiet", "--filter", `label=machine=${name}`]);
  }
});

/** As if the registry's Debian had been pulled, which cannot be had here. */
async function copyBase(from: Engine, to: Engine): Promise<void> {
  const base = await baseImage(from);
  const client = (engine: Engine) => `docker -H unix://${engine.socket}`;
  await output("bash", ["-c", `set -o pipefail; ${client(from)} save ${base} | ${client(to)} load`]);
  await docker(to, ["tag", base, "debian:trixie-slim"]);
}
