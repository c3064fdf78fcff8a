import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { EngineRequest } from "../../src/provision/provisioning.js";
import type { CertPaths } from "../../src/tls/authority.js";
import { bringEngine, calls, fakeProgram, pretend, startAlpine } from "../provision/fake-host.js";
import { makeCerts, provisioner, provisionOver } from "../provision/provisioner.js";
import { describeOnHosts } from "../support/lab.js";

/**
 * A family's tools, played on a Debian host: what they print, and what they are to be asked. VERSION in it stands for
 * that of the host's engine.
 */
interface Family {
  readonly system: string;
  readonly fakes: Readonly<Record<string, string>>;
  readonly engine?: Partial<EngineRequest>;
  /** Calls that change something, in order. */
  readonly expected: readonly string[];
}

const rpm = 'case $1 in -qf) echo "$ENGINE" ;; *) exit 1 ;; esac';

const families: Readonly<Record<string, Family>> = {
  AlmaLinux: {
    system: "almalinux-9",
    engine: { version: "VERSION" },
    fakes: {
      dnf: `case "$*" in
        *showduplicates*) printf 'Available Packages\\n%s.x86_64 3:20.10.23-1.el9 x\\n%s.x86_64 3:VERSION-3.el9 x\\n%s.x86_64 3:VERSION0-3.el9 x\\n' $4 $4 $4 ;;
        "-q list docker-compose-plugin") exit 1 ;;
        *install*) mkdir -p /etc/yum.repos.d; ${bringEngine} ;;
      esac`,
      rpm: rpm.replace("$ENGINE", "docker-ce"),
    },
    expected: [
      "dnf -q makecache",
      "dnf -q list --showduplicates docker-ce",
      "dnf -q list --showduplicates docker-ce-cli",
      "dnf -q list docker-buildx-plugin",
      "dnf -q list docker-compose-plugin",
      "dnf -y install docker-ce-VERSION-3.el9 docker-ce-cli-VERSION-3.el9 containerd.io docker-buildx-plugin",
      "dnf -y versionlock add docker-ce docker-ce-cli",
    ],
  },
  Fedora: {
    system: "fedora-42",
    engine: { source: "distro" },
    fakes: { dnf: `case "$*" in *install*) ${bringEngine} ;; esac`, rpm: rpm.replace("$ENGINE", "moby-engine") },
    expected: ["dnf -q makecache", "dnf -q list docker-cli", "dnf -y install moby-engine docker-cli"],
  },
  "Amazon Linux 2, which has yum only": {
    system: "amazon-2023",
    fakes: { yum: `case "$*" in *install*) ${bringEngine} ;; esac`, rpm: rpm.replace("$ENGINE", "docker") },
    expected: ["yum -q makecache", "yum -y install docker"],
  },
  "SUSE Linux Enterprise": {
    system: "sles-15",
    engine: { version: "VERSION" },
    fakes: {
      SUSEConnect: "",
      zypper: `case "$*" in
        *search*) printf 'S | Name   | Type    | Version            | Arch   | Repository\\n--+--------+---------+--------------------+--------+---\\n  | docker | package | VERSION_ce-150000 | x86_64 | Main\\n' ;;
        *install*) ${bringEngine} ;;
      esac`,
      rpm: rpm.replace("$ENGINE", "docker"),
    },
    expected: [
      "SUSEConnect -p sle-module-containers/15.6/x86_64",
      "zypper --non-interactive --quiet refresh",
      "zypper --non-interactive --quiet search --details --match-exact --type package docker",
      "zypper --non-interactive install --no-recommends docker=VERSION_ce-150000",
      "zypper --non-interactive addlock docker",
    ],
  },
  Arch: {
    system: "arch",
    engine: { version: "VERSION" },
    fakes: {
      pacman: `case "$*" in
        "-Si docker") printf 'Repository      : extra\\nName            : docker\\nVersion         : 1:VERSION-1\\n' ;;
        "-S "*) ${bringEngine} ;;
      esac`,
    },
    expected: [
      "pacman -Sy --noconfirm --noprogressbar",
      "pacman -Si docker",
      "pacman -S --needed --noconfirm --noprogressbar docker",
    ],
  },
};

/** Says that it is another version, and notes each start. */
const newerEngine = `#!/bin/sh
case "$*" in --version) echo "Docker version 99.0.0, build x" ;; *) echo started >>/tmp/starts; exec /usr/sbin/dockerd.old "$@" ;; esac
`;

describeOnHosts("distributions other than Debian", (lab) => {
  let certs: CertPaths;
  const cleaning: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    certs = await makeCerts(await mkdtemp(join(tmpdir(), "families-")));
  });
  afterEach(async () => {
    for (const clean of cleaning.splice(0).reverse()) await clean();
  });
  afterAll(() => rm(certs.dir, { recursive: true }));

  test.each(Object.entries(families))("%s gets its engine from its own package manager", async (_, told) => {
    const host = await lab.createHost({ image: "engine" });
    cleaning.push(host.remove);
    const version = /[\d.]+/.exec((await host.exec("dockerd --version")).stdout)?.[0] ?? "";
    const family = JSON.parse(JSON.stringify(told).replaceAll("VERSION", version)) as Family;
    await pretend(host, family.system);
    await host.exec("mkdir -p /etc/yum.repos.d");
    for (const [name, text] of Object.entries(family.fakes)) await fakeProgram(host.exec, name, text);
    const run = await provisioner(host, certs);
    cleaning.push(run.close);

    await run.provision(family.engine);
    expect(await calls(host.exec)).toEqual(family.expected);
    const before = await host.files();
    await run.provision(family.engine);
    expect(await calls(host.exec)).toEqual(family.expected);
    expect(await host.files()).toEqual(before);
    expect((await host.exec("cat /proc/$(pidof dockerd)/cmdline | tr '\\0' ' '")).stdout).toMatch(
      /^\/usr\/bin\/dockerd -H fd:\/\/ .*--tlsverify/,
    );
  });

  test.each([
    ["the package restarts it", "systemctl restart docker"],
    ["the package leaves it alone", ":"],
  ])("an upgraded engine is started once when %s", async (_, restart) => {
    const host = await lab.createHost({ image: "engine" });
    cleaning.push(host.remove);
    const run = await provisioner(host, certs);
    cleaning.push(run.close);
    await run.provision();
    await host.exec(`rm /usr/bin/apt-get /usr/bin/dpkg /etc/os-release; cat >/tmp/next`, { input: newerEngine });
    await host.exec("printf 'ID=fedora\\n' >/etc/os-release; chmod 755 /tmp/next");
    await fakeProgram(host.exec, "rpm", rpm.replace("$ENGINE", "moby-engine"));
    await fakeProgram(
      host.exec,
      "dnf",
      `case "$*" in *upgrade*) mv /usr/sbin/dockerd /usr/sbin/dockerd.old; mv /tmp/next /usr/sbin/dockerd; ${restart} ;; esac`,
    );
    await run.upgrade();
    expect(run.notices).toContain("the engine was upgraded: Docker version 99.0.0, build x");
    expect((await calls(host.exec)).filter((line) => line.includes("upgrade"))).toEqual(["dnf -y upgrade moby-engine"]);
    expect((await host.exec("cat /tmp/starts")).stdout).toBe("started\n");
    expect((await host.exec("docker info --format '{{.Labels}}'")).stdout).toBe("[provider=generic]\n");
  });

  test("Alpine gets its engine from apk, its options from conf.d, and its programs are busybox's", async () => {
    const name = `alpine-${randomBytes(3).toString("hex")}`;
    const { exec, shell, remove } = await startAlpine(lab.engine, name);
    cleaning.push(remove);
    await fakeProgram(
      exec,
      "apk",
      `case "$*" in
        "list docker") echo "docker-28.3.3-r2 x86_64 {docker} (Apache-2.0)" ;;
        *" add "*)
          printf '#!/bin/sh\\necho "Docker version 28.3.3, build x"\\n' >/usr/bin/dockerd
          chmod 755 /usr/bin/dockerd
          touch /etc/init.d/docker
          echo 'DOCKER_OPTS="--debug"' >/etc/conf.d/docker ;;
      esac`,
    );
    let proofs = 0;
    const prove = async (): Promise<void> => {
      proofs++;
      expect((await exec("netstat -tln")).stdout).toContain(":2376 ");
    };
    const run = provisionOver(shell, certs, { machine: name, names: [], prove });
    await run.provision({ version: "28.3.3" });
    const asked = async (): Promise<string[]> =>
      (await calls(exec)).filter((line) => !/ (?:show|status|list)\b/.test(line));
    const expected = [
      "apk --wait 300 update",
      "apk --wait 300 add docker~28.3.3",
      "rc-update add docker default",
      "rc-service docker restart",
    ];
    expect(await asked()).toEqual(expected);
    const { stdout } = await exec(
      ". /etc/conf.d/docker; echo $DOCKER_OPTS; stat -c '%a %n' /etc/docker/* /etc/conf.d/docker",
    );
    expect(stdout).toBe(
      `--debug -H unix:///var/run/docker.sock -H tcp://0.0.0.0:2376 --tlsverify --tlscacert=/etc/docker/ca.pem --tlscert=/etc/docker/server.pem --tlskey=/etc/docker/server-key.pem --label=provider=generic
644 /etc/docker/ca.pem\n600 /etc/docker/server-key.pem\n644 /etc/docker/server.pem\n644 /etc/conf.d/docker\n`,
    );
    await run.provision({ version: "28.3.3" });
    expect(await asked()).toEqual(expected);
    expect(proofs).toBe(2);
    await expect(run.provision({ labels: ["new=1"], version: "27" })).rejects.toThrow("has engine 28.3.3, not 27");
  });

  test("an unknown system and a docker from snap are refused, with advice", async () => {
    const host = await lab.createHost();
    cleaning.push(host.remove);
    await host.exec("mkdir -p /snap/bin && touch /snap/bin/docker");
    const run = await provisioner(host, certs);
    cleaning.push(run.close);
    await expect(run.provision()).rejects.toMatchObject({
      code: "unsupported",
      hint: expect.stringContaining("snap remove docker") as string,
    });
    await host.exec("rm /etc/os-release; echo ID=haiku >/etc/os-release");
    await expect(run.provision()).rejects.toThrow(`${host.name}: OS type not recognized`);
  });
});
