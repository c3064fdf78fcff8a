import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { CertPaths } from "../../src/tls/authority.js";
import { makeCerts, provisioner, type Account } from "../provision/provisioner.js";
import type { Host, HostOptions } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";

/** Perl, which every Debian has. apt takes these locks by fcntl(2). */
const holdLocks = `use Fcntl;
for my $path ("/var/lib/apt/lists/lock", "/var/lib/dpkg/lock-frontend") {
  open(my $file, ">", $path) or die;
  push @files, $file;
  my $lock = pack("s s x4 l! l! i x4", F_WRLCK, 0, 0, 0, 0);
  fcntl($file, F_SETLK, $lock) or die "$!";
}
sleep 30;
`;

describeOnHosts("provisioning", (lab) => {
  let certs: CertPaths;
  const cleaning: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    certs = await makeCerts(await mkdtemp(join(tmpdir(), "provision-")));
  });
  afterEach(async () => {
    for (const clean of cleaning.splice(0).reverse()) await clean();
  });
  afterAll(() => rm(certs.dir, { recursive: true }));

  async function createHost(options?: HostOptions): Promise<Host> {
    const host = await lab.createHost(options);
    cleaning.push(host.remove);
    return host;
  }

  async function begin(host: Host, account?: Account) {
    const run = await provisioner(host, certs, account);
    cleaning.push(run.close);
    return run;
  }

  /** What would differ if the engine had been restarted. */
  const started = async (host: Host): Promise<string> =>
    (await host.exec("systemctl show -p MainPID,ExecMainStartTimestampMonotonic docker.service docker.socket")).stdout;

  const info = async (host: Host, format: string): Promise<string> =>
    (await host.exec(`docker info --format '${format}'`)).stdout.trim();

  /** Version of the newest docker.io that apt would install, but for what Debian adds: "28.5.2". */
  const packaged = async (host: Host): Promise<string> => {
    const { stdout } = await host.exec("apt-get update >/dev/null; apt-cache policy docker.io");
    return /Candidate: ([\d.]+)/.exec(stdout)?.[1] ?? "";
  };

  /** The engine tells them in no order. */
  const labels = async (host: Host): Promise<unknown> =>
    (JSON.parse(await info(host, "{{json .Labels}}")) as string[]).sort();

  test("installs an engine by the install script, as root, and a second run changes no byte and restarts nothing", async () => {
    const host = await createHost();
    const server = await lab.serveInstallScripts();
    const run = await begin(host);
    const engine = {
      installUrl: `${server.url}/install.sh`,
      labels: ["role=web", "zone=a b"],
      insecureRegistries: ["registry.example:5000"],
      registryMirrors: ["https://mirror.example/"],
      storageDriver: "overlay2",
      opts: ["log-opt=max-size=7m", "max-concurrent-downloads=5"],
      env: ["PLAIN=x y", `ODD=a$HOME"b"\\n%i$(id)`],
    };
    await run.provision(engine);
    expect(server.requests).toEqual(["/install.sh"]);
    expect(run.notices.join()).toMatch(/install\.sh has the sha256 sum [0-9a-f]{64}/);
    expect(await labels(host)).toEqual(["provider=generic", "role=web", "zone=a b"]);
    expect(await info(host, "{{.Driver}} {{.RegistryConfig.Mirrors}}")).toBe("overlay2 [https://mirror.example/]");
    const environment = (await host.exec("tr '\\0' '\\n' </proc/$(pidof dockerd)/environ")).stdout.split("\n");
    expect(environment).toEqual(expect.arrayContaining(engine.env));
    expect((await host.exec("stat -c '%a %U' /etc/docker/*.pem")).stdout).toBe("644 root\n600 root\n644 root\n");
    expect((await host.exec("systemctl is-enabled docker; ls -d /etc/docker/machine-backup")).stdout).toBe("enabled\n");

    const before = [await host.files(), await started(host)];
    await run.provision(engine);
    expect([await host.files(), await started(host)]).toEqual(before);
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ["a user whose sudo asks nothing", { user: "user" }],
    ["a user whose sudo asks for a password", { user: "admin", password: "adminpw" }],
  ])(
    "installs the distribution's engine as %s; ps and the debug log show neither key nor password",
    async (_, account) => {
      const host = await createHost();
      const run = await begin(host, account);
      const watching = host.exec("while [ ! -e /tmp/stop ]; do ps -eo args; sleep 0.05; done | sort -u");
      await run.provision({ source: "distro", labels: ["secretlabel=1"], env: ["HTTPS_PROXY="] });
      await host.exec("touch /tmp/stop");
      const seen = (await watching).stdout;
      const key = (run.certificate()?.key ?? "").split("\n")[1] ?? "";
      expect(key.length).toBeGreaterThan(20);
      expect(seen).toContain("dd iflag=fullblock");
      const told = [...run.debug, ...run.output, ...run.notices].join("\n");
      for (const secret of [key, "PRIVATE KEY", "adminpw"]) {
        expect(seen).not.toContain(secret);
        expect(told).not.toContain(secret);
      }
      expect(told).not.toContain("secretlabel");
    },
  );

  test("names the host, also in /etc/hosts", async () => {
    const host = await createHost({ image: "engine" });
    await host.exec("hostname other && sed -i /127.0.1.1/d /etc/hosts");
    await (await begin(host)).provision();
    expect((await host.exec("hostname; cat /etc/hostname; getent hosts $(hostname)")).stdout).toContain(
      `${host.name}\n${host.name}\n`,
    );
  });

  test("leaves the engine's socket healthy, whatever a docker command of another user does meanwhile", async () => {
    const host = await createHost({ image: "engine" });
    const meddling = host.exec("while [ ! -e /tmp/stop ]; do timeout 5 docker version >/dev/null; sleep 0.1; done");
    await (await begin(host)).provision();
    await host.exec("touch /tmp/stop");
    await meddling;
    expect((await host.exec("systemctl is-active docker.socket docker.service")).stdout).toBe("active\nactive\n");
    await host.exec("systemctl stop docker.service");
    expect((await host.exec("docker version --format '{{.Server.Os}}'")).stdout).toBe("linux\n");
    expect((await host.exec("cat /proc/$(pidof dockerd)/cmdline | tr '\\0' ' '")).stdout).toContain("-H fd://");
  });

  test("takes the place of docker-machine's drop-in, and mends the socket that it broke", async () => {
    const host = await createHost({ image: "engine" });
    const folders = "/etc/systemd/system/docker.service.d";
    await host.exec(
      `mkdir -p ${folders} && cat >${folders}/10-machine.conf && systemctl daemon-reload && systemctl restart docker`,
      {
        input:
          "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H unix:///var/run/docker.sock --label provider=generic \nEnvironment=\n",
      },
    );
    await (await begin(host)).provision();
    expect((await host.exec(`cat ${folders}/10-machine.conf`)).stdout).toMatch(
      /^\[Service\]\nExecStart=\nExecStart=\/usr\/sbin\/dockerd -H fd:\/\/ --containerd=\S+ \$DOCKER_OPTS -H tcp:\/\/0\.0\.0\.0:2376 --tlsverify \S+ \S+ \S+ --label=provider=generic\n$/,
    );
    expect(await labels(host)).toEqual(["provider=generic"]);
  });

  test("lets docker-machine put its own drop-in in the place of ours, with the same settings", async () => {
    const host = await createHost({ image: "engine" });
    const run = await begin(host);
    const engine = {
      labels: ["role=web"],
      insecureRegistries: ["registry.example:5000"],
      registryMirrors: ["https://mirror.example/"],
      opts: ["log-opt=max-size=7m"],
    };
    await run.provision(engine);
    await host.exec("cat >/etc/systemd/system/docker.service.d/10-machine.conf", {
      input:
        "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H tcp://0.0.0.0:2376 -H unix:///var/run/docker.sock --storage-driver overlay2 --tlsverify --tlscacert /etc/docker/ca.pem --tlscert /etc/docker/server.pem --tlskey /etc/docker/server-key.pem --label role=web --label provider=generic --insecure-registry registry.example:5000 --registry-mirror https://mirror.example/ --log-opt max-size=7m \nEnvironment=\n",
    });
    expect(await host.exec("systemctl daemon-reload && systemctl restart docker")).toMatchObject({ code: 0 });
    expect(await labels(host)).toEqual(["provider=generic", "role=web"]);
    await run.provision(engine);
    expect((await host.exec("cat /proc/$(pidof dockerd)/cmdline | tr '\\0' ' '")).stdout).toContain("-H fd://");
    expect(await labels(host)).toEqual(["provider=generic", "role=web"]);
  });

  test("serves IPv6 as well where the host has it", async () => {
    const host = await createHost({ image: "engine" });
    await (await begin(host)).provision();
    const hasIpv6 = (await host.exec("test -e /proc/net/if_inet6")).code === 0;
    const { stdout } = await host.exec("ss --tcp --listening --numeric --no-header 'sport = :2376'");
    expect(stdout).toContain(hasIpv6 ? " *:2376 " : " 0.0.0.0:2376 ");
  });

  test("keeps the user's daemon.json, and moves addresses and TLS to the command line", async () => {
    const host = await createHost({ image: "engine" });
    const hosts = ["fd://", "tcp://0.0.0.0:2375"];
    await host.exec("mkdir -p /etc/docker && cat >/etc/docker/daemon.json && chmod 640 /etc/docker/daemon.json", {
      input: JSON.stringify(
        { "x-unknown": undefined, hosts, labels: ["mine=1", "provider=old"], debug: true },
        null,
        "\t",
      ),
    });
    const run = await begin(host);
    await run.provision({ labels: ["mine=2"] });
    expect((await host.exec("cat /etc/docker/daemon.json; stat -c %a /etc/docker/daemon.json")).stdout).toBe(
      '{\n\t"labels": [\n\t\t"mine=2",\n\t\t"provider=old"\n\t],\n\t"debug": true\n}\n640\n',
    );
    expect(run.notices).toEqual([
      expect.stringMatching(/^hosts left \/etc\/docker\/daemon.json/),
      "the engine no longer listens at tcp://0.0.0.0:2375: use the machine's own port",
    ]);
  });

  test("refuses a broken daemon.json and changes nothing", async () => {
    const host = await createHost({ image: "engine" });
    await (await begin(host)).provision();
    await host.exec("echo '{,}' >/etc/docker/daemon.json");
    const before = [await host.files(), await started(host)];
    await expect((await begin(host)).provision()).rejects.toMatchObject({
      message: expect.stringContaining("/etc/docker/daemon.json on the host is not valid") as string,
    });
    expect([await host.files(), await started(host)]).toEqual(before);
  });

  test("takes a configuration back with which the engine does not start, and the old one serves again", async () => {
    const host = await createHost({ image: "engine" });
    const run = await begin(host);
    await run.provision({ labels: ["a=1"] });
    const before = await host.files();
    run.forgetCertificate();
    await expect(run.provision({ opts: ["no-such-option=1"] })).rejects.toMatchObject({
      message: `${host.name}: could not restart the engine: the engine does not start`,
      output: expect.stringContaining("no-such-option") as string,
    });
    expect(await host.files()).toEqual(before);
    expect(await labels(host)).toEqual(["a=1", "provider=generic"]);
    await run.provision({ labels: ["a=1"] });
  });

  test("after a run that was killed, knows the last configuration that was proven", async () => {
    const host = await createHost({ image: "engine" });
    const run = await begin(host);
    await host.exec(`mkdir -p /etc/docker && echo '{"debug": true}' >/etc/docker/daemon.json`);
    await run.provision();
    const before = await host.files();
    await host.exec(
      "cp -a /etc/docker /tmp/docker && mkdir -m 700 /etc/docker/machine-backup && cd /etc/docker && cp -p *.pem daemon.json /etc/systemd/system/docker.service.d/10-machine.conf machine-backup",
    );
    await host.exec(`echo '{"half": "done"}' >/etc/docker/daemon.json`);
    await expect(run.provision({ opts: ["no-such-option=1"] })).rejects.toThrow("does not start");
    expect(await host.files()).toEqual(before);
  });

  test("restarts an engine that is stopped", async () => {
    const host = await createHost({ image: "engine" });
    const run = await begin(host);
    await run.provision();
    await host.exec("systemctl stop docker.socket docker.service");
    await run.provision();
    expect((await host.exec("systemctl is-active docker")).stdout).toBe("active\n");
  });

  test("waits for apt's locks, and says for whose", async () => {
    const host = await createHost();
    await host.exec("apt-get update; cat >/tmp/hold", { input: holdLocks });
    await host.exec("perl /tmp/hold >/dev/null 2>&1 & sleep 1");
    expect((await host.exec("apt-get update")).stderr).toContain("Could not get lock");
    const run = await begin(host);
    await run.provision({ source: "distro" });
    expect(run.notices).toEqual([
      expect.stringMatching(
        /^another program \(\d+ \(perl\)\) holds the lock of apt: waiting for it, 5 minutes at most$/,
      ),
    ]);
    expect((await host.exec("systemctl is-active docker")).stdout).toBe("active\n");
  });

  test("installs an exact version, keeps it, and says so where the host has another", async () => {
    const host = await createHost();
    const version = await packaged(host);
    const run = await begin(host);
    await expect(run.provision({ source: "distro", version: "1.2.3" })).rejects.toMatchObject({
      message: `${host.name}: could not install the engine: there is no docker.io of version 1.2.3`,
    });
    await run.provision({ source: "distro", version });
    expect((await host.exec("apt-mark showhold")).stdout).toBe("docker.io\n");
    const part = version.slice(0, -1);
    await expect(run.provision({ version: part })).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`the host has engine ${version}\\S*, not ${part}$`)) as string,
    });
  });

  test("upgrades the package that holds the engine, and leaves one that is kept", async () => {
    const host = await createHost({ image: "engine" });
    const run = await begin(host);
    await run.upgrade();
    const version = await packaged(host);
    expect(run.notices.at(-1)).toContain(`the engine is up to date: Docker version ${version}`);
    await run.upgrade({ version });
    expect((await host.exec("apt-mark showhold")).stdout).toBe("docker.io\n");
    await run.upgrade();
    expect(run.notices.join("\n")).toContain("docker.io is kept at its version");
  });
});
