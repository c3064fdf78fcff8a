import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { MachineConfig } from "../../src/store/config.js";
import { contentsOf, createNone, linesOf, newHome, type Home } from "./support.js";

const url = "tcp://192.0.2.7:2376";
const none = ["-d", "none", "--url", url];
const generic = ["create", "-d", "generic"];

async function configOf({ store }: Home, name: string): Promise<MachineConfig> {
  return JSON.parse(await readFile(join(store, "machines", name, "config.json"), "utf8")) as MachineConfig;
}

describe("machine create", () => {
  test("stores a machine and says which command connects to it", async () => {
    const home = await newHome();
    const created = await home.machine(["create", ...none, "web"]);
    expect(created.code).toBe(0);
    expect(linesOf(created)).toEqual([
      "To see how to connect your Docker Client to the Docker Engine running on this virtual machine, run: " +
        "docker-machine env web",
    ]);
    expect(created.stderr).toBe(
      `Creating CA: ${home.store}/certs/ca.pem\nCreating client certificate: ${home.store}/certs/cert.pem\n`,
    );
    expect(await configOf(home, "web")).toMatchObject({
      ConfigVersion: 3,
      Name: "web",
      DriverName: "none",
      Driver: { MachineName: "web", IPAddress: "192.0.2.7:2376", URL: url, StorePath: home.store },
    });
    expect(await readdir(join(home.store, "machines", "web"))).toEqual(["config.json"]);
  });

  test.each([
    [["-d", "none", "--url", url, "web"]],
    [["-d=none", "-url", url, "web"]],
    [["--driver", "none", `--url=${url}`, "web"]],
    [["-driver=none", "web", "--url", url]],
    [["web", "--url", url, "--driver=none"]],
    [["-d", "none", "web", "--url", url]],
  ])("takes its options wherever they stand: %j", async (args) => {
    const home = await newHome();
    expect(await home.machine(["create", ...args])).toMatchObject({ code: 0 });
    expect(await configOf(home, "web")).toMatchObject({ DriverName: "none", Driver: { URL: url } });
  });

  test("takes the driver from MACHINE_DRIVER, but what was typed comes first", async () => {
    const home = await newHome();
    const args = ["create", "--url", url, "web"];
    expect(await home.machine(args, { env: { MACHINE_DRIVER: "none" } })).toMatchObject({ code: 0 });
    expect(await home.machine(["create", ...none, "db"], { env: { MACHINE_DRIVER: "bogus" } })).toMatchObject({
      code: 0,
    });
  });

  test("keeps the engine's options in config.json", async () => {
    const home = await newHome();
    const engine = [
      ...["--engine-opt", "log-level=debug", "--engine-opt=ipv6", "--engine-label", "tier=web, prod"],
      ...["--engine-insecure-registry", "192.0.2.0/24", "--engine-storage-driver", "overlay2"],
      ...["--engine-env", "HTTP_PROXY=http://proxy", "--engine-install-url", "https://example.com/install"],
      ...["--tls-san", "web.example.com", "--tls-san", "192.0.2.9"],
    ];
    const env = { ENGINE_REGISTRY_MIRROR: "https://one.example.com, https://two.example.com" };
    expect(await home.machine(["create", ...none, ...engine, "web"], { env })).toMatchObject({ code: 0 });
    const { HostOptions } = await configOf(home, "web");
    expect(HostOptions.EngineOptions).toMatchObject({
      ArbitraryFlags: ["log-level=debug", "ipv6"],
      Labels: ["tier=web, prod"],
      InsecureRegistry: ["192.0.2.0/24"],
      StorageDriver: "overlay2",
      Env: ["HTTP_PROXY=http://proxy"],
      InstallURL: "https://example.com/install",
      RegistryMirror: ["https://one.example.com", "https://two.example.com"],
    });
    expect(HostOptions.AuthOptions.ServerCertSANs).toEqual(["web.example.com", "192.0.2.9"]);
  });

  test("keeps classic Swarm's options and warns that they do nothing", async () => {
    const home = await newHome();
    const swarm = ["--swarm-master", "--swarm-discovery", "token://1234", "--swarm-opt", "a=b"];
    const { code, stderr, stdout } = await home.machine(["create", ...none, ...swarm, "web"]);
    expect(code).toBe(0);
    expect(stderr).toContain("docker swarm init");
    expect(stdout).not.toContain("Swarm");
    expect((await configOf(home, "web")).HostOptions.SwarmOptions).toMatchObject({
      IsSwarm: true,
      Master: true,
      Agent: false,
      Discovery: "token://1234",
      ArbitraryFlags: ["a=b"],
    });
  });

  test("shows the options of the chosen driver in its help", async () => {
    const home = await newHome();
    const { code, stdout, stderr } = await home.machine(["create", "-d", "generic", "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/--generic-ssh-port VALUE\n.*default 22.*\$GENERIC_SSH_PORT/);
    expect(stdout).toMatch(/--engine-install-url/);
    expect((await home.machine(["create", "--help"])).stdout).not.toContain("--generic");
  });
});

/** Each of these leaves the home as it was: empty. */
describe("machine create refuses", () => {
  const invalid = "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -\n";
  const flags = "Error setting machine configuration from flags provided: ";
  const host = ["-d", "generic", "--generic-ip-address", "192.0.2.7"];
  const noHostName = (name: string): string =>
    `Error creating machine: "${name}" cannot be a host name\n` +
    "hint: at most 64 characters, and 1 to 63 between dots\n";

  test.each<[what: string, argv: readonly string[], code: number, stderr: string]>([
    ["a name with an underscore", [...none, "web_1"], 1, invalid],
    ["a name that begins with a dot", [...none, ".web"], 1, invalid],
    ["a name that leads elsewhere", [...none, "../web"], 1, invalid],
    ["a name with a blank", [...none, "a b"], 1, invalid],
    ["an empty name", [...none, ""], 1, invalid],
    ["a name like a flag", [...none, "-rf"], 2, "flag provided but not defined: -rf\n"],
    ["a name like a flag behind --", [...none, "--", "-rf"], 1, invalid],
    ["a name with a line break", [...none, "web\n"], 1, invalid],
    ["a name that a shell would run", [...none, "$(id)"], 1, invalid],
    ["a name beyond ASCII", [...none, "wéb"], 1, invalid],
    ["no name", none, 1, "Error: No machine name specified\n"],
    ["a name with dots in a row for a host", [...host, "a..b"], 1, noHostName("a..b")],
    ["a name that is too long for a host", [...host, "a".repeat(64)], 1, noHostName("a".repeat(64))],
    ["one that is too long in all", [...host, "a.".repeat(32) + "b"], 1, noHostName("a.".repeat(32) + "b")],
    ["several names", [...none, "x", "y", "z"], 1, "Invalid command line. Found extra arguments [y z]\n"],
    [
      "an unknown driver",
      ["-d", "bogus", "web"],
      1,
      'Driver "bogus" not found. Do you have the plugin binary "docker-machine-driver-bogus" accessible in your PATH?\n',
    ],
    ["none without its URL", ["-d", "none", "web"], 1, `${flags}--url option is required when no driver is selected\n`],
    [
      "generic without its address",
      ["-d", "generic", "web"],
      1,
      `${flags}generic driver requires the --generic-ip-address option\n`,
    ],
    [
      "a Swarm discovery that is no URL",
      [...none, "--swarm-discovery", "foo", "web"],
      1,
      "Error parsing swarm discovery: Swarm Discovery URL was in the wrong format: foo\n",
    ],
    [
      "an option that is no number",
      ["-d", "generic", "--generic-ssh-port", "abc", "web"],
      2,
      '--generic-ssh-port must be a whole number, not "abc"\n',
    ],
    ["a flag that is not there", [...none, "--bogus", "web"], 2, "flag provided but not defined: -bogus\n"],
    ["the flag of another driver", [...none, "--generic-ip-address", "x", "web"], 2, "flag provided but not defined"],
    [
      "a name that cannot stand in a certificate",
      [...none, "--tls-san", "a b", "web"],
      2,
      '"a b" cannot stand in a certificate: it is no DNS name and no IP address\n',
    ],
    [
      "both forms of a flag",
      [...none, "--driver", "none", "web"],
      2,
      "Cannot use two forms of the same flag: d driver\n",
    ],
    [
      "an engine's variable without a value",
      [...none, "--engine-env", "PROXY", "web"],
      2,
      '--engine-env takes NAME=VALUE, which what begins with "PROXY" is not\n',
    ],
    [
      "an engine's variable that a unit cannot hold, and does not show it",
      [...none, "--engine-env", "PROXY=secret\u{fffff}", "web"],
      2,
      "the value of --engine-env PROXY has a code point that is no character\n",
    ],
    [
      "an engine's option that would open its port",
      [...none, "--engine-opt", "host=tcp://0.0.0.0:2375", "web"],
      2,
      "--engine-opt host cannot be set: the engine's address and TLS are the machine's own\n",
    ],
  ])("%s", async (_, argv, code, stderr) => {
    const home = await newHome();
    const refused = await home.machine(["create", ...argv]);
    expect(refused).toMatchObject({ code, stdout: "" });
    expect(refused.stderr.startsWith(stderr), refused.stderr).toBe(true);
    expect(await readdir(home.home)).toEqual([]);
  });

  test("a host that fails the driver's check, with status 3", async () => {
    const home = await newHome();
    const key = ["--generic-ip-address", "192.0.2.7", "--generic-ssh-key", "/nonexist"];
    expect(await home.machine([...generic, ...key, "web"])).toEqual({
      code: 3,
      stdout: "",
      stderr:
        'Error with pre-create check: "SSH key does not exist: \\"/nonexist\\""\n' +
        "hint: --generic-ssh-key takes the private key file\n",
    });
    expect(await readdir(home.home)).toEqual([]);
  });

  test("the default driver, container, where there is no docker, and says how to get it", async () => {
    const home = await newHome();
    const refused = await home.machine(["create", "web"], { env: { PATH: "/nonexist" } });
    expect(refused).toMatchObject({ code: 3, stdout: "" });
    expect(refused.stderr).toMatch(/container driver needs docker, which is not installed.*\nhint: install it .*-d\n/);
    expect(await readdir(home.home)).toEqual([]);
  });

  test("what its variables say wrongly, and what is typed wins over them", async () => {
    const home = await newHome();
    const env = { GENERIC_IP_ADDRESS: "192.0.2.7", GENERIC_SSH_KEY: "/from-variable" };
    expect((await home.machine([...generic, "web"], { env })).stderr).toContain("/from-variable");
    const typed = await home.machine([...generic, "--generic-ssh-key", "/typed", "web"], { env });
    expect(typed.stderr).toContain("/typed");
    const port = await home.machine([...generic, "web"], { env: { ...env, GENERIC_SSH_PORT: "0" } });
    expect(port).toMatchObject({ code: 2, stderr: "--generic-ssh-port must be at least 1\n" });
  });

  test("a name that is taken, before it looks at anything else", async () => {
    const home = await newHome();
    await createNone(home, "web");
    const before = await contentsOf(home.home);
    expect(await home.machine([...generic, "web"])).toEqual({
      code: 1,
      stdout: "",
      stderr: 'Docker machine "web" already exists\n',
    });
    expect(await contentsOf(home.home)).toEqual(before);
  });

  test("a name whose directory is there without a config.json", async () => {
    const home = await newHome();
    await mkdir(join(home.store, "machines", "web"), { recursive: true });
    expect((await home.machine(["create", ...none, "web"])).stderr).toBe('Docker machine "web" already exists\n');
  });

  test("an authority of which only the key is left", async () => {
    const home = await newHome();
    await mkdir(join(home.store, "certs"), { recursive: true });
    await writeFile(join(home.store, "certs", "ca-key.pem"), "key");
    const { code, stderr } = await home.machine(["create", ...none, "web"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error generating certificates: certificate authority key already exists\n/);
    expect(await home.machine(["ls", "-q"])).toMatchObject({ code: 0, stdout: "" });
  });

  test("in JSON when it is asked to", async () => {
    const home = await newHome();
    const errorOf = async (...argv: string[]): Promise<unknown> => {
      const { stdout, stderr } = await home.machine(argv);
      expect(stdout).toBe("");
      return JSON.parse(stderr);
    };
    const message = 'Driver "bogus" not found';
    const error = { code: "not-found", message: expect.stringContaining(message) as string };
    expect(await errorOf("create", "--json", "-d", "bogus", "web")).toMatchObject({ error });
    expect(await errorOf("--json", "create", "-d", "bogus", "web")).toMatchObject({ error });
    expect(await errorOf("create", ...none, "--bogus", "--json")).toMatchObject({ error: { code: "usage" } });
    const key = ["--generic-ip-address", "x", "--generic-ssh-key", "/nonexist"];
    expect(await errorOf(...generic, ...key, "--json", "web")).toMatchObject({
      error: { code: "precheck", hint: "--generic-ssh-key takes the private key file" },
    });
  });
});

describe("machine create --dry-run", () => {
  test("prints the state and the steps, and stores nothing", async () => {
    const home = await newHome();
    const dry = await home.machine([
      ...generic,
      "--generic-ip-address",
      "192.0.2.7",
      "--ttl",
      "8h",
      "--dry-run",
      "web",
    ]);
    expect(dry).toMatchObject({ code: 0, stderr: "" });
    const printed = JSON.parse(dry.stdout) as { Driver: object; Steps: string[] };
    expect(printed.Driver).toMatchObject({ MachineName: "web", IPAddress: "192.0.2.7", SSHUser: "root", SSHPort: 22 });
    expect(printed.Steps[0]).toBe("log in to the host");
    expect(printed.Steps.slice(-2)).toEqual(["check the engine's TLS", "set the time to live"]);
    expect(await readdir(home.home)).toEqual([]);
    const unprovisioned = await home.machine(["create", ...none, "--dry-run", "web"]);
    expect(JSON.parse(unprovisioned.stdout)).toMatchObject({ Driver: { URL: url }, Steps: [] });
  });

  test("fails where create would", async () => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["create", ...none, "--dry-run", "web"])).toMatchObject({ code: 1, stdout: "" });
    expect((await home.machine([...generic, "--dry-run", "db"])).stderr).toContain("--generic-ip-address");
    expect((await home.machine(["create", "--dry-run", "--resume", "web"])).stderr).toContain("--resume");
  });
});

describe("machine create --ttl", () => {
  test.each([
    [["--ttl", "1 day", "web"], '"1 day" is no duration'],
    [["--ttl", "8h", "web"], "none driver has no host that could power itself off"],
  ])("refuses %j before anything is made", async (args, reason) => {
    const home = await newHome();
    const refused = await home.machine(["create", ...none, ...args]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(reason);
    expect(await readdir(home.home)).toEqual([]);
  });

  test("is kept for --resume and for provision until the create is complete", async () => {
    const home = await newHome();
    const args = ["--generic-ip-address", "127.0.0.1", "--generic-ssh-port", "1", "--ttl", "90m", "--keep-on-failure"];
    const over = new AbortController();
    const running = home.machine([...generic, ...args, "web"], { signal: over.signal });
    const journal = (): Promise<string> => readFile(join(home.store, "machines", "web", "progress.json"), "utf8");
    await expect.poll(() => journal().catch(() => "")).toContain('"ttl": 5400');
    over.abort();
    expect((await running).code).not.toBe(0);
    expect(JSON.parse(await journal())).toMatchObject({ phase: "create", settings: { ttl: 5_400 } });
  });
});
