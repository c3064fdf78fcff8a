import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkEnvironment, closedAddresses, dropIn, openrcConfig } from "../../src/provision/daemon.js";

const bare = { port: 2376, flags: [], hosts: [], env: [] };
const unit = (name: string): string => readFileSync(join(import.meta.dirname, "fixtures", "units", name), "utf8");

/** The command line of a drop-in, without what is the same for all. */
function commandLine(text: string): string {
  const tail =
    " -H tcp://0.0.0.0:2376 --tlsverify --tlscacert=/etc/docker/ca.pem --tlscert=/etc/docker/server.pem --tlskey=/etc/docker/server-key.pem\n";
  expect(text.startsWith("[Service]\nExecStart=\nExecStart=")).toBe(true);
  expect(text.endsWith(tail)).toBe(true);
  return text.slice("[Service]\nExecStart=\nExecStart=".length, -tail.length);
}

describe("the drop-in", () => {
  test.each([
    ["docker-ce", "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock"],
    ["debian-docker.io", "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS"],
    [
      "fedora-moby",
      "/usr/bin/dockerd --host=fd:// --exec-opt native.cgroupdriver=systemd $OPTIONS $DOCKER_STORAGE_OPTIONS $DOCKER_NETWORK_OPTIONS $INSECURE_REGISTRY",
    ],
    [
      "opensuse",
      "/usr/bin/dockerd --add-runtime oci=/usr/sbin/runc $DOCKER_NETWORK_OPTIONS $DOCKER_OPTS -H unix:///var/run/docker.sock",
    ],
    [
      "flatcar",
      "/usr/bin/dockerd --host=fd:// --containerd=/run/containerd/containerd.sock $DOCKER_SELINUX $DOCKER_OPTS $DOCKER_CGROUPS $DOCKER_OPT_BIP $DOCKER_OPT_MTU $DOCKER_OPT_IPMASQ",
    ],
  ])("keeps the command line of %s", (name, expected) => {
    expect(commandLine(dropIn(unit(name), bare))).toBe(expected);
  });

  test("is made from the package's line where docker-machine's drop-in, or our own, is in force", () => {
    const package_ = unit("docker-ce");
    const expected = dropIn(package_, bare);
    const ours = `# /etc/systemd/system/docker.service.d/10-machine.conf\n${expected}`;
    expect(dropIn(`${package_}\n${unit("docker-machine-0.16")}`, bare)).toBe(expected);
    expect(dropIn(`${package_}\n${ours}`, bare)).toBe(expected);
  });

  test("respects a drop-in of the user's that comes before ours", () => {
    const users =
      "# /etc/systemd/system/docker.service.d/05-own.conf\n[Service]\nExecStart=\nExecStart=/opt/dockerd -H fd://\n";
    expect(commandLine(dropIn(`${unit("docker-ce")}\n${users}`, bare))).toBe("/opt/dockerd -H fd://");
  });

  test("refuses a drop-in that would win over ours, and names it", () => {
    const users =
      "# /etc/systemd/system/docker.service.d/override.conf\n[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n";
    expect(() => dropIn(`${unit("docker-ce")}\n${users}`, bare)).toThrow("override.conf");
    const harmless = '# /etc/systemd/system/docker.service.d/proxy.conf\n[Service]\nEnvironment="A=b"\n';
    expect(() => dropIn(`${unit("docker-ce")}\n${harmless}`, bare)).not.toThrow();
  });

  test.each([
    ["-H tcp://0.0.0.0:2375 -H unix:///x.sock --tls", "-H unix:///x.sock"],
    ["--host tcp://:1 --tlsverify=true --tlscacert /a --tlskey=/k -Hfd:// --debug", "-Hfd:// --debug"],
    [
      `-H=tcp://1.2.3.4:5 --label "a=b  c" '--label=d e'`,
      `--label "a=b  c" '--label=d e' -H unix:///var/run/docker.sock`,
    ],
  ])("turns %s into %s", (flags, expected) => {
    const text = `# /lib/systemd/system/docker.service\n[Service]\nExecStart=/d ${flags}\n`;
    expect(commandLine(dropIn(text, bare))).toBe(`/d ${expected}`);
  });

  test("leaves out addresses of TCP however they are written, and names them", () => {
    const flags = ["-H :2375 -H 0.0.0.0:2374 -H=[::1]:1", "--host=localhost -H 'tcp://:3' -H fd:// -H unix:///x"];
    const text = `# /lib/systemd/system/docker.service\n[Service]\nExecStart=/d ${flags.join(" ")}\n`;
    expect(commandLine(dropIn(text, bare))).toBe("/d -H fd:// -H unix:///x");
    expect(closedAddresses(text)).toEqual([":2375", "0.0.0.0:2374", "[::1]:1", "localhost", "'tcp://:3'"]);
  });

  test("has the sockets that daemon.json had, and the default one only where there is no other", () => {
    const text = "# /lib/systemd/system/docker.service\n[Service]\nExecStart=/d\n";
    expect(commandLine(dropIn(text, { ...bare, hosts: ["fd://", "unix:///srv/a b.sock"] }))).toBe(
      '/d -H fd:// -H "unix:///srv/a b.sock"',
    );
    expect(commandLine(dropIn(text, bare))).toBe("/d -H unix:///var/run/docker.sock");
    expect(openrcConfig("", { ...bare, hosts: ["unix:///srv/a.sock"] })).toContain("-H unix:///srv/a.sock");
  });

  test("says so when the unit runs nothing", () => {
    expect(() => dropIn("# /lib/systemd/system/docker.service\n[Service]\nExecStart=\n", bare)).toThrow(
      "no command line",
    );
  });

  test("ends with the flags, quoted for systemd where they need it", () => {
    const flags = ["--label=a=b", "--label=c=$HOME %i 'x' \"y\"", "--debug=true"];
    expect(dropIn(unit("docker-ce"), { port: undefined, flags, hosts: [], env: [] })).toBe(
      String.raw`[Service]
ExecStart=
ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock --label=a=b "--label=c=$$HOME %%i 'x' \"y\"" --debug=true
`,
    );
  });

  test("quotes the environment for systemd", () => {
    const lines = dropIn(unit("docker-ce"), { ...bare, env: [`A=x "y" \\z`, "B=%i $HOME", "C=1\n2\t3\r", "D="] })
      .split("\n")
      .slice(3);
    expect(lines).toEqual([
      String.raw`Environment="A=x \"y\" \\z"`,
      `Environment="B=%%i $HOME"`,
      String.raw`Environment="C=1\u000a2\u00093\u000d"`,
      `Environment="D="`,
      "",
    ]);
  });
});

test.each([
  ["the drop-in", dropIn(unit("docker-ce"), { port: undefined, flags: [], hosts: [], env: ["A=b"] })],
  ["OpenRC's configuration", openrcConfig("", { port: undefined, flags: [], hosts: [], env: ["A=b"] })],
])("%s of an engine without a port has nothing of TCP and TLS, and its environment", (_, text) => {
  expect(text).not.toMatch(/tcp|tls/);
  expect(text).toContain("A=");
});

describe("OpenRC's configuration", () => {
  test("keeps what is there, replaces our own lines, and stays the same", () => {
    const once = openrcConfig('DOCKER_OPTS="--debug"', { ...bare, env: ["A=it's"] });
    expect(once.startsWith('DOCKER_OPTS="--debug"\n# begin')).toBe(true);
    expect(openrcConfig(once, { ...bare, env: ["A=it's"] })).toBe(once);
    expect(openrcConfig(openrcConfig("X=1\n", bare), { ...bare, port: 2 })).toBe(
      openrcConfig("X=1\n", { ...bare, port: 2 }),
    );
  });

  test("gives OpenRC, whose shell reads the options twice, every flag and variable byte for byte, the user's first", () => {
    const word = fc.string().map((text) => text.replaceAll("\0", ""));
    const first =
      "--debug -H unix:///var/run/docker.sock -H tcp://0.0.0.0:2376 --tlsverify --tlscacert=/etc/docker/ca.pem --tlscert=/etc/docker/server.pem --tlskey=/etc/docker/server-key.pem";
    fc.assert(
      fc.property(word, fc.array(word), (value, values) => {
        const flags = values.map((one) => `--label=a=${one}`);
        const config = openrcConfig('DOCKER_OPTS="--debug"\n', { ...bare, flags, env: [`V=${value}`] });
        const script = `eval "$(cat)"; eval "set -- $DOCKER_OPTS"; printf '%s\\0' "$V" "$@"`;
        const printed = execFileSync("sh", ["-c", script], { input: config });
        expect(printed.toString().split("\0")).toEqual([value, ...first.split(" "), ...flags, ""]);
      }),
      { numRuns: 30 },
    );
  });
});

test("an environment line without a name is refused, and its value is not shown", () => {
  expect(() => {
    checkEnvironment(["A=b", "1X=secret"]);
  }).toThrow(/^--engine-env takes NAME=VALUE, which what begins with "1X" is not$/);
});
