import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/commands/index.js";
import { createNone, newHome } from "./support.js";

describe("help", () => {
  test.each([[[]], [["help"]], [["h"]], [["--help"]], [["-h"]], [["-help"]], [["-D", "help"]], [["--help", "ls"]]])(
    "of the program is shown by %j",
    async (argv) => {
      const home = await newHome();
      const { code, stdout, stderr } = await home.machine(argv);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^Usage: docker-machine \[OPTIONS\] COMMAND \[arg\.\.\.\]\n/);
      const lines = stdout.split("\n").map((line) => line.trim().replace(/ +/g, " "));
      for (const [name, { summary }] of Object.entries(commands)) expect(lines).toContain(`${name} ${summary}`);
      expect(stdout).toMatch(/--storage-path, -s VALUE\n.*\$MACHINE_STORAGE_PATH/);
    },
  );

  test.each(Object.keys(commands))("of machine %s is shown in three ways, and nothing is done", async (name) => {
    const home = await newHome();
    const shown = await home.machine(["help", name]);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout.startsWith(`Usage: docker-machine ${name} `)).toBe(true);
    expect(shown.stdout).toContain(commands[name]?.summary);
    expect(await home.machine([name, "--help"])).toEqual(shown);
    expect(await home.machine([name, "-h"])).toEqual(shown);
    expect(await readdir(home.home)).toEqual([]);
  });
});

describe("a command that is not there", () => {
  test.each([["bogus"], ["help", "bogus"], ["bogus", "--help"], ["constructor"], ["LS"]])(
    "is refused: %s %s",
    async (...argv) => {
      const home = await newHome();
      const words = argv.filter((word) => word !== "");
      const name = words.find((word) => word !== "help") ?? "";
      expect(await home.machine(words)).toEqual({
        code: 1,
        stdout: "",
        stderr: `docker-machine: '${name}' is not a docker-machine command. See 'docker-machine --help'.\n`,
      });
    },
  );
});

describe("the global flags", () => {
  test("stand before the command", async () => {
    const home = await newHome();
    const store = join(home.home, "other");
    const create = ["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "web"];
    expect(await home.machine(["-s", store, ...create])).toMatchObject({ code: 0 });
    for (const argv of [["--storage-path", store], [`-storage-path=${store}`], ["-D", `-s=${store}`]]) {
      expect(await home.machine([...argv, "ls", "-q"])).toMatchObject({ code: 0, stdout: "web\n" });
    }
    expect(await home.machine(["ls", "-q"], { env: { MACHINE_STORAGE_PATH: store } })).toMatchObject({
      stdout: "web\n",
    });
    expect(await home.machine(["ls", "-q"])).toMatchObject({ code: 0, stdout: "" });
  });

  test.each([[["--bogus", "ls"]], [["ls", "--bogus"]], [["ls", "-q", "--quiet"]], [["-s"]], [["ls", "-q=maybe"]]])(
    "and the others are wrong usage in %j: status 2, a word on stderr",
    async (argv) => {
      const home = await newHome();
      const { code, stdout, stderr } = await home.machine(argv);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/-bogus|two forms|needs an argument: -s|--quiet must be true or false/);
    },
  );

  test("name other certificates than the store's", async () => {
    const home = await newHome();
    const dir = join(home.home, "tls");
    const tls = ["ca-cert", "ca-key", "client-cert", "client-key"].flatMap((name) => [
      `--tls-${name}`,
      join(dir, `${name}.pem`),
    ]);
    const create = ["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "web"];
    const missing = await home.machine([...tls, ...create]);
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    const reason = `${dir}/ca-cert.pem cannot be written: ENOENT: no such file or directory\n`;
    expect(missing.stderr).toContain(`Error generating certificates: ${reason}`);
    await mkdir(dir);
    expect(await home.machine([...tls, ...create])).toMatchObject({ code: 0 });
    const format = "{{with .HostOptions.AuthOptions}}{{.CaCertPath}} {{.ClientKeyPath}}{{end}}";
    const shown = await home.machine(["inspect", "-f", format, "web"]);
    expect(shown.stdout).toBe(`${dir}/ca-cert.pem ${dir}/client-key.pem\n`);
    expect((await readdir(dir)).sort()).toEqual(["ca-cert.pem", "ca-key.pem", "client-cert.pem", "client-key.pem"]);
  });

  test.each(["--native-ssh", "--github-api-token=x", "--bugsnag-api-token=no-report"])(
    "%s is taken and not used",
    async (flag) => {
      const home = await newHome();
      expect(await home.machine([flag, "ls", "-q"])).toEqual({ code: 0, stdout: "", stderr: "" });
    },
  );
});

describe("MACHINE_DEBUG", () => {
  test.each(["maybe", "yes", "2"])("is refused as %j, whatever the command", async (MACHINE_DEBUG) => {
    const home = await newHome();
    for (const argv of [["ls"], ["help"], ["ssh", "web", "ls"]]) {
      const { code, stdout, stderr } = await home.machine(argv, { env: { MACHINE_DEBUG } });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/^Error parsing boolean value from MACHINE_DEBUG: /);
      expect(stderr).toContain(MACHINE_DEBUG);
    }
  });

  test.each(["1", "T", "false", ""])("may be %j", async (MACHINE_DEBUG) => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["ls", "-q"], { env: { MACHINE_DEBUG } })).toMatchObject({ code: 0, stdout: "web\n" });
  });
});
