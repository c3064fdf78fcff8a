import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  contentsOf,
  createNone,
  newHome,
  putCertificates,
  putGeneric,
  putRunning,
  startEngine,
  type Home,
} from "./support.js";

const unknown = (name: string): string =>
  `Docker machine "${name}" does not exist. Use "docker-machine ls" to list machines. ` +
  'Use "docker-machine create" to add a new one.';
const noDefault = 'Error: No machine name(s) specified and no "default" machine exists\n';

describe("machine ip", () => {
  test("answers in the order of the names", async () => {
    const home = await newHome();
    for (const [index, name] of ["a", "b", "c", "d"].entries()) {
      await home.machine(["create", "-d", "none", "--url", `tcp://192.0.2.${String(index)}:2376`, name]);
    }
    await putGeneric(home, "g");
    expect(await home.machine(["ip", "d", "g", "a", "c", "b"])).toEqual({
      code: 0,
      stdout: "192.0.2.3:2376\n127.0.0.1\n192.0.2.0:2376\n192.0.2.2:2376\n192.0.2.1:2376\n",
      stderr: "",
    });
  });

  test("prints nothing but every error when a machine cannot be read", async () => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["ip", "x", "web", "y"])).toEqual({
      code: 1,
      stdout: "",
      stderr: `${unknown("x")}\n${unknown("y")}\n`,
    });
  });

  test("says that there is no address, and prints those that there are", async () => {
    const home = await newHome();
    await createNone(home, "web");
    await putGeneric(home, "new", 1, (config) => ({ ...config, Driver: { ...config.Driver, IPAddress: "" } }));
    expect(await home.machine(["ip", "new", "web"])).toEqual({
      code: 1,
      stdout: "127.0.0.1:1\n",
      stderr: "Error getting IP address: IP address is not set\n",
    });
  });
});

describe("machine url", () => {
  test("prints the address of the engine", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    expect(await home.machine(["url", "web"])).toEqual({ code: 0, stdout: `${url}\n`, stderr: "" });
  });

  test("says that a stopped machine is not running", async () => {
    const home = await newHome();
    await putGeneric(home, "web");
    expect(await home.machine(["url", "web"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "Host is not running\nhint: machine status web\n",
    });
  });
});

describe("machine status", () => {
  test("prints the state in one word", async () => {
    const home = await newHome();
    await putRunning(home, "web");
    await putGeneric(home, "db");
    expect(await home.machine(["status", "web"])).toEqual({ code: 0, stdout: "Running\n", stderr: "" });
    expect(await home.machine(["status", "db"])).toEqual({ code: 0, stdout: "Stopped\n", stderr: "" });
  });
});

describe("machine version", () => {
  test("prints that of this program", async () => {
    const home = await newHome();
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    for (const argv of [["version"], ["--version"], ["-v"], ["-v", "ls"]]) {
      const shown = await home.machine(argv);
      expect(shown).toMatchObject({ code: 0, stderr: "" });
      expect(shown.stdout.startsWith(`docker-machine version ${version}, build `)).toBe(true);
    }
  });

  test("prints that of a machine's engine", async () => {
    const home = await newHome();
    await putRunning(home, "web");
    expect(await home.machine(["version", "web"])).toEqual({ code: 0, stdout: "29.1.0\n", stderr: "" });
  });

  test("says why the engine does not answer", async () => {
    const home = await newHome();
    const { port } = await startEngine();
    await putCertificates(await putGeneric(home, "web", port), (await startEngine()).ca);
    const { code, stdout, stderr } = await home.machine(["version", "web"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/is signed by an unknown authority\nhint: /);
  });
});

describe("without a name", () => {
  const commands = [
    "config",
    "env",
    "inspect",
    "ip",
    "kill",
    "provision",
    "restart",
    "ssh",
    "start",
    "status",
    "stop",
    "upgrade",
    "url",
  ];

  test.each([...commands, "regenerate-certs -f"])("machine %s means the machine called default", async (command) => {
    const home = await newHome();
    const { code, stdout, stderr } = await home.machine(command.split(" "));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.endsWith(noDefault), stderr).toBe(true);
  });

  test("the machine called default is shown", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "default");
    expect((await home.machine(["url"])).stdout).toBe(`${url}\n`);
    expect((await home.machine(["status"])).stdout).toBe("Running\n");
    expect((await home.machine(["ip"])).stdout).toBe("127.0.0.1\n");
    expect((await home.machine(["inspect", "-f", "{{.Name}}"])).stdout).toBe("default\n");
  });
});

test.each(["env", "inspect", "status", "url", "version"])("machine %s takes one name", async (command) => {
  const home = await newHome();
  await createNone(home, "a", "b");
  expect(await home.machine([command, "a", "b"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "Error: Expected one machine name as an argument\n",
  });
});

describe("a machine that is not there", () => {
  const one = [
    "config",
    "env",
    "inspect",
    "ip",
    "kill",
    "provision",
    "restart",
    "ssh",
    "start",
    "status",
    "stop",
    "upgrade",
    "url",
    "version",
  ];
  const commands = [...one, "regenerate-certs -f", "create --resume"];

  test.each(commands)("is unknown to machine %s, whatever its name", async (command) => {
    const home = await newHome();
    for (const name of ["web", "../web", "a b", ".", "", "/etc", "$(id)", "a\nb", "é"]) {
      const { code, stdout, stderr } = await home.machine([...command.split(" "), name]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr.endsWith(`${unknown(name)}\n`), stderr).toBe(true);
    }
  });

  test.each(commands.filter((command) => command !== "ssh"))(
    "is a flag to machine %s when its name begins with a dash, but not behind --",
    async (command) => {
      const home = await newHome();
      const words = command.split(" ");
      const flag = { code: 2, stdout: "", stderr: "flag provided but not defined: -rf\n" };
      expect(await home.machine([...words, "-rf"])).toEqual(flag);
      const { code, stderr } = await home.machine([...words, "--", "-rf"]);
      expect(code).toBe(1);
      expect(stderr.endsWith(`${unknown("-rf")}\n`), stderr).toBe(true);
    },
  );

  test.each(["../web", "-rf", "a b"])("is unknown to ssh, scp and trust as %j", async (name) => {
    const home = await newHome();
    const lines = [
      ["ssh", name, "true"],
      // What has a slash before its colon is a file of this computer, as scp(1) has it.
      ...(name.includes("/") ? [] : [["scp", "--", `${name}:/etc/hostname`, "."]]),
      ["trust", "--", name, `SHA256:${"A".repeat(43)}`],
    ];
    for (const line of lines) {
      expect(await home.machine(line)).toEqual({ code: 1, stdout: "", stderr: `${unknown(name)}\n` });
    }
  });

  test("is one whose name differs in case only", async () => {
    const home = await newHome();
    await createNone(home, "Web");
    expect(await home.machine(["ip", "web"])).toMatchObject({ code: 1, stderr: `${unknown("web")}\n` });
  });
});

test("a broken config.json is named in the error, with what to do", async () => {
  const home = await newHome();
  await putGeneric(home, "web", 1, () => ({ ConfigVersion: 4 }));
  const { code, stdout, stderr } = await home.machine(["ip", "web"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("config version is from the future -- you should upgrade your Docker Machine client");
  expect(stderr).toContain(`${home.store}/machines/web/config.json`);
});

describe("what only reads writes nothing", () => {
  /** A running machine, a stopped one, one of an earlier version and a broken one. */
  async function fullHome(): Promise<Home> {
    const home = await newHome();
    await putRunning(home, "web");
    await putGeneric(home, "db");
    await putGeneric(home, "old", 1, ({ Driver, DriverName }) => ({ Driver, DriverName, HostOptions: {} }));
    await putGeneric(home, "broken", 1, () => ({}));
    return home;
  }

  test.each([
    ["ls"],
    ["ls", "-q"],
    ["active"],
    ["ip", "web", "old"],
    ["url", "web"],
    ["status", "old"],
    ["env", "web"],
    ["env", "db"],
    ["env", "-u"],
    ["config", "web"],
    ["inspect", "old"],
    ["inspect", "broken"],
    ["version", "web"],
    ["help"],
  ])("machine %s %s", async (...argv) => {
    const home = await fullHome();
    const before = await contentsOf(home.home);
    await home.machine(argv.filter((word) => word !== ""));
    expect(await contentsOf(home.home)).toEqual(before);
  });
});
