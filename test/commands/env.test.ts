import { mkdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  createNone,
  day,
  linesOf,
  listening,
  newHome,
  putCertificates,
  putGeneric,
  putRunning,
  startEngine,
  type Home,
} from "./support.js";

/** What `env` prints but for its hint. */
async function settings(home: Home, argv: readonly string[], env = {}): Promise<readonly string[]> {
  const shown = await home.machine(["env", ...argv], { env });
  expect(shown).toMatchObject({ code: 0, stderr: "" });
  return linesOf(shown).slice(0, -2);
}

const dir = ({ store }: Home, name = "web"): string => join(store, "machines", name);

const hint = " Run this command to configure your shell: ";

describe("machine env", () => {
  test("sets the docker client for a machine whose engine answers", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    const shown = await home.machine(["env", "web"]);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(linesOf(shown)).toEqual([
      'export DOCKER_TLS_VERIFY="1"',
      `export DOCKER_HOST="${url}"`,
      `export DOCKER_CERT_PATH="${dir(home)}"`,
      'export DOCKER_MACHINE_NAME="web"',
      `#${hint}`,
      "# eval $(docker-machine env web)",
    ]);
  });

  test.each([
    ["bash", 'export DOCKER_MACHINE_NAME="web"', "#", "# eval $(CMD)"],
    ["csh", 'export DOCKER_MACHINE_NAME="web"', "#", "# eval $(CMD)"],
    ["fish", 'set -gx DOCKER_MACHINE_NAME "web";', "#", "# eval (CMD)"],
    ["powershell", '$Env:DOCKER_MACHINE_NAME = "web"', "#", "# & CMD | Invoke-Expression"],
    ["pwsh", '$Env:DOCKER_MACHINE_NAME = "web"', "#", "# & CMD | Invoke-Expression"],
    ["cmd", "SET DOCKER_MACHINE_NAME=web", "REM", "REM \t@FOR /f \"tokens=*\" %i IN ('CMD') DO @%i"],
    ["tcsh", 'setenv DOCKER_MACHINE_NAME "web";', ":", ": eval `CMD`"],
    [
      "emacs",
      '(setenv "DOCKER_MACHINE_NAME" "web")',
      ";;",
      ';; (with-temp-buffer (shell-command "CMD" (current-buffer)) (eval-buffer))',
    ],
    ["elvish", "set-env DOCKER_MACHINE_NAME 'web'", "#", "# eval (CMD | slurp)"],
    ["nu", 'DOCKER_MACHINE_NAME = "web"', "#", "# CMD | from toml | load-env"],
    ["nushell", 'DOCKER_MACHINE_NAME = "web"', "#", "# CMD | from toml | load-env"],
  ])("speaks %s", async (shell, line, comment, command) => {
    const home = await newHome();
    await createNone(home, "web");
    const ways = [
      { argv: ["env", "--shell", shell, "web"], env: {} },
      { argv: ["env", "web"], env: { SHELL: `/usr/bin/${shell}` } },
    ];
    for (const { argv, env } of ways) {
      const shown = await home.machine(argv, { env });
      expect(shown).toMatchObject({ code: 0, stderr: "" });
      const called = `docker-machine ${argv.join(" ")}`;
      expect(linesOf(shown).slice(3)).toEqual([line, `${comment}${hint}`, command.replace("CMD", () => called)]);
    }
  });

  test.each([
    ["sh", "unset K"],
    ["fish", "set -e K;"],
    ["powershell", "Remove-Item Env:\\\\K"],
    ["cmd", "SET K="],
    ["tcsh", "unsetenv K;"],
    ["emacs", '(setenv "K" nil)'],
    ["elvish", "unset-env K"],
    ["nu", 'K = ""'],
  ])("takes the settings of %s away, for which it needs no machine", async (shell, line) => {
    const home = await newHome();
    const names = ["DOCKER_TLS_VERIFY", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_MACHINE_NAME"];
    const lines = names.map((name) => line.replace("K", name));
    expect(await settings(home, ["-u", "--shell", shell])).toEqual(lines);
    expect(await settings(home, ["--unset", "--shell", shell])).toEqual(lines);
  });

  test("takes no name to unset", async () => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["env", "-u", "web"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "Error: Expected no machine name when the -u flag is present\n",
    });
  });

  test("repeats the whole command line in its hint", async () => {
    const home = await newHome();
    const store = join(home.home, "my store");
    const { stdout } = await home.machine(["-s", store, "env", "-u", "--no-proxy"]);
    expect(stdout).toContain(`\n# eval $(docker-machine -s "${store}" env -u --no-proxy)\n`);
  });

  test("says how nushell forgets variables", async () => {
    const home = await newHome();
    const { stdout } = await home.machine(["env", "-u", "--shell", "nu"]);
    expect(stdout).toContain(
      "\n# hide-env --ignore-errors ...(docker-machine env -u --shell nu | from toml | columns)\n",
    );
  });

  test.each([
    ["powershell", { PSModulePath: "C:\\Users\\ann\\Documents\\PowerShell\\Modules;C:\\Program Files\\x" }],
    ["cmd", { PSModulePath: "C:\\Program Files\\WindowsPowerShell\\Modules" }],
    ["cmd", {}],
    ["fish", { __fish_bin_dir: "/usr/bin" }],
    ["bash", { SHELL: "C:\\msys64\\usr\\bin\\bash.exe" }],
  ])("finds out that it runs in %s of Windows by %j", async (shell, env) => {
    const home = await newHome();
    const run = (argv: readonly string[], more = {}) =>
      home.machine(argv, { platform: "win32", env: { SHELL: "", ...more } });
    const lines = linesOf(await run(["env", "-u"], env)).slice(0, -1);
    expect(lines).toEqual(linesOf(await run(["env", "-u", "--shell", shell])).slice(0, -1));
  });

  test("speaks POSIX where SHELL says nothing, and cmd on Windows", async () => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await settings(home, ["web"], { SHELL: "" })).toContain('export DOCKER_MACHINE_NAME="web"');
    const windows = await home.machine(["env", "web"], { env: { SHELL: "" }, platform: "win32" });
    expect(linesOf(windows)).toContain("SET DOCKER_MACHINE_NAME=web");
    expect(linesOf(windows)).toContain("SET COMPOSE_CONVERT_WINDOWS_PATHS=true");
    const unset = await home.machine(["env", "-u"], { platform: "win32" });
    expect(linesOf(unset)).toContain("unset COMPOSE_CONVERT_WINDOWS_PATHS");
  });

  test.each([
    ["powershell", '$Env:DOCKER_CERT_PATH = "/x `"q`" `$HOME \\b !e/machines/web"'],
    ["cmd", 'SET DOCKER_CERT_PATH=/x "q" $HOME \\b !e/machines/web'],
  ])("quotes for %s", async (shell, line) => {
    const home = await newHome();
    const store = join(home.home, 'x "q" $HOME \\b !e');
    await home.machine(["-s", store, "create", "-d", "none", "--url", "tcp://127.0.0.1:1", "web"]);
    const { stdout } = await home.machine(["-s", store, "env", "--shell", shell, "web"]);
    expect(stdout).toContain(`${line.replace("/x", () => `${home.home}/x`)}\n`);
  });

  test("knows the machine called default", async () => {
    const home = await newHome();
    expect(await home.machine(["env"])).toEqual({
      code: 1,
      stdout: "",
      stderr: 'Error: No machine name(s) specified and no "default" machine exists\n',
    });
    await createNone(home, "default");
    expect(await settings(home, [])).toContain('export DOCKER_MACHINE_NAME="default"');
  });

  test("sets nothing for a classic Swarm", async () => {
    const home = await newHome();
    await createNone(home, "web");
    const stderr = '"web" is not a swarm master. The --swarm flag is intended for use with swarm masters\n';
    for (const command of ["env", "config"]) {
      const refused = await home.machine([command, "--swarm", "web"]);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr.startsWith(stderr)).toBe(true);
    }
  });
});

describe("machine env --no-proxy", () => {
  test.each([
    ["nothing", {}, 'export NO_PROXY="127.0.0.1"'],
    ["other hosts", { NO_PROXY: "localhost,.example.com" }, 'export NO_PROXY="localhost,.example.com,127.0.0.1"'],
    ["the machine", { NO_PROXY: "a,127.0.0.1,b" }, 'export NO_PROXY="a,127.0.0.1,b"'],
    ["the machine behind a blank", { NO_PROXY: "a, 127.0.0.1" }, 'export NO_PROXY="a, 127.0.0.1"'],
    ["a longer address", { NO_PROXY: "127.0.0.10" }, 'export NO_PROXY="127.0.0.10,127.0.0.1"'],
    ["the small variable", { no_proxy: "a", NO_PROXY: "b" }, 'export no_proxy="a,127.0.0.1"'],
    ["an empty small variable", { no_proxy: "", NO_PROXY: "b" }, 'export NO_PROXY="b,127.0.0.1"'],
  ])("adds the machine's address where %s is set", async (_, env, line) => {
    const home = await newHome();
    await createNone(home, "web");
    expect((await settings(home, ["--no-proxy", "web"], env)).at(-1)).toBe(line);
  });

  test("writes an IPv6 address without brackets", async () => {
    const home = await newHome();
    await home.machine(["create", "-d", "none", "--url", "tcp://[::1]:1", "web"]);
    expect((await settings(home, ["--no-proxy", "web"])).at(-1)).toBe('export NO_PROXY="::1"');
  });

  test("is unset whole, by the name of the variable that is in use", async () => {
    const home = await newHome();
    expect((await settings(home, ["-u", "--no-proxy"], { NO_PROXY: "a" })).at(-1)).toBe("unset NO_PROXY");
    expect((await settings(home, ["-u", "--no-proxy"], { no_proxy: "a" })).at(-1)).toBe("unset no_proxy");
  });
});

describe("machine config", () => {
  test("prints the flags of the docker client, with the names quoted as Go quotes", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    const shown = await home.machine(["config", "web", "more"]);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(linesOf(shown)).toEqual([
      "--tlsverify",
      `--tlscacert="${dir(home)}/ca.pem"`,
      `--tlscert="${dir(home)}/cert.pem"`,
      `--tlskey="${dir(home)}/key.pem"`,
      `-H=${url}`,
    ]);
  });
});

describe.each([
  ["env", "Error checking TLS connection: "],
  ["config", "Error running connection boilerplate: "],
])("the check of machine %s", (command, prefix) => {
  const advice =
    "You can attempt to regenerate them using 'docker-machine regenerate-certs [name]'.\n" +
    "Be advised that this will trigger a Docker daemon restart which might stop running containers.\n\n";

  /** What is said of the certificates of a machine whose engine listens at this port. */
  async function refusal(home: Home, port: number): Promise<string> {
    const { code, stdout, stderr } = await home.machine([command, "web"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const begin =
      `${prefix}Error checking and/or regenerating the certs: There was an error validating certificates ` +
      `for host "127.0.0.1:${String(port)}": `;
    const [, reason = stderr] = stderr.split(begin);
    expect(stderr.startsWith(begin), stderr).toBe(true);
    expect(reason).toContain(`\n${advice}`);
    return reason.slice(0, reason.indexOf("\n"));
  }

  test("says that a stopped machine is not running", async () => {
    const home = await newHome();
    await putCertificates(await putGeneric(home, "web"), (await startEngine()).ca);
    expect(await home.machine([command, "web"])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(`^${prefix}Host is not running\n`) as string,
    });
  });

  test("says that another authority has signed the engine's certificate", async () => {
    const home = await newHome();
    const { port } = await startEngine();
    await putCertificates(await putGeneric(home, "web", port), (await startEngine()).ca);
    expect(await refusal(home, port)).toMatch(/is signed by an unknown authority$/);
  });

  test("says that the engine's certificate is for another address", async () => {
    const home = await newHome();
    const { port, ca } = await startEngine({ names: ["192.0.2.9"] });
    await putCertificates(await putGeneric(home, "web", port), ca);
    expect(await refusal(home, port)).toMatch(/is not for this address, only for 192\.0\.2\.9$/);
  });

  test("says that the engine's certificate has expired", async () => {
    const home = await newHome();
    const { port, ca } = await startEngine({ at: Date.now() - 400 * day });
    await putCertificates(await putGeneric(home, "web", port), ca);
    expect(await refusal(home, port)).toMatch(/has expired/);
  });

  test("says that no TLS is spoken", async () => {
    const home = await newHome();
    const { port } = await listening(createServer());
    await putCertificates(await putGeneric(home, "web", port), (await startEngine()).ca);
    expect(await refusal(home, port)).toMatch(/does not speak TLS$/);
  });

  test("says that there are no certificates", async () => {
    const home = await newHome();
    const { port } = await putRunning(home, "web");
    await rm(join(dir(home), "key.pem"));
    expect(await refusal(home, port)).toMatch(/^the client certificate cannot be read: .*key\.pem/);
  });

  test.each([
    [31, ""],
    [28.5, "The certificates of web expire in 28 days. To renew them: machine regenerate-certs web\n"],
    [-1, "The certificates of web have expired. To renew them: machine regenerate-certs web\n"],
  ])("warns of certificates that end in %s days", async (days, stderr) => {
    const home = await newHome();
    const engine = await startEngine();
    // A certificate is good for 365 days.
    await putCertificates(await putGeneric(home, "web", engine.port), engine.ca, Date.now() - (365 - days) * day);
    const shown = await home.machine([command, "web"]);
    expect(shown).toMatchObject({ code: 0, stderr });
    expect(shown.stdout).toContain(engine.url);
  });

  test("takes one machine that is there", async () => {
    const home = await newHome();
    await mkdir(home.store, { recursive: true });
    expect(await home.machine([command, "web"])).toEqual({
      code: 1,
      stdout: "",
      stderr:
        'Docker machine "web" does not exist. Use "docker-machine ls" to list machines. ' +
        'Use "docker-machine create" to add a new one.\n',
    });
  });
});
