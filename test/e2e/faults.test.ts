import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { finish } from "../support/command.js";
import { expectClearError, generic, stateOf } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { cli, type Program } from "../support/program.js";

describeOnHosts("a create that goes wrong", (lab) => {
  let program: Program;
  let host: Host;
  let foreignKey: string;
  beforeAll(async () => {
    program = await lab.installProgram();
    foreignKey = join(program.home, "foreign-key");
    await finish("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", foreignKey]);
    host = await lab.createHost({ image: "engine" });
  });
  afterEach(() => program.bash("machine rm -y -f $(machine ls -q)"));

  const names = async (): Promise<string> => (await program.machine(["ls", "-q"])).stdout;
  const exists = (name: string, file = ""): Promise<boolean> =>
    access(join(program.store, "machines", name, file)).then(
      () => true,
      () => false,
    );

  /** Starts a create and sends it a signal as soon as its stderr says `moment`. */
  async function interrupted(
    args: readonly string[],
    moment: string,
    signal: NodeJS.Signals,
  ): Promise<{ code: number | null; stderr: string }> {
    const child = spawn(process.execPath, [cli, "create", ...args], {
      env: program.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    let isSent = false;
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      if (isSent || !stderr.includes(moment)) return;
      isSent = true;
      child.kill(signal);
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stderr };
  }

  test.each([
    ["the key is wrong", () => ({ key: foreignKey, user: "root" })],
    ["the user is wrong", () => ({ key: host.keyPath, user: "ghost" })],
  ])("because %s says so at once, and leaves the name free and the host as it was", async (_, account) => {
    const before = await stateOf(host);
    const { user } = account();
    expectClearError(
      await program.machine(["create", ...generic(host, account()), "web"]),
      `Error in driver during machine creation: web: ${host.address} port 22 refused the login of ${user}: permission denied`,
      `hint: is the public key in ~${user}/.ssh/authorized_keys of the host, and is the user's name right?\n`,
    );
    expect(await exists("web")).toBe(false);
    expect(await names()).toBe("");
    expect(await stateOf(host)).toEqual(before);
  });

  test("because the host key is another one connects to nothing", async () => {
    const failed = await program.machine([
      ...["create", ...generic(host), "--generic-ssh-host-key", `SHA256:${"A".repeat(43)}`, "web"],
    ]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(host.hostKeyFingerprint);
    expect(failed.stderr).toContain("A".repeat(43));
    expect(await exists("web")).toBe(false);
  });

  test("is kept half-made for a look where that is wished, and listed as what it is", async () => {
    const failed = await program.machine(["create", ...generic(host, { user: "nobody" }), "--keep-on-failure", "half"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("machine create --resume half");
    expect((await program.machine(["ls"])).stdout).toMatch(/half .*create was cut off: .*--resume/);
  });

  test("since the engine does not start with its options shows its log, and keeps the machine, which provision completes", async () => {
    const before = await host.files("/etc/docker");
    const failed = await program.machine(["create", ...generic(host), "--engine-opt", "no-such-option=1", "web"]);
    expectClearError(
      failed,
      "(web) the engine has its old configuration again\n",
      "Error running provisioning: web: could not restart the engine: the engine does not start\n",
      /unknown flag: --no-such-option$/m,
      "hint: the lines above are the engine's own\n",
      "hint: the machine is kept; to go on: machine provision web, to give it up: machine rm web\n",
    );
    expect(await host.files("/etc/docker")).toEqual(before);
    expect((await host.exec("docker version; systemctl is-active docker")).stdout).toMatch(/Server:[^]*\nactive\n$/);
    expect((await program.machine(["ls"])).stdout).toMatch(/web .*not provisioned: machine provision web/);

    await edited("web", (config) => config.replace('"no-such-option=1"', '"debug=true"'));
    expect(await program.machine(["provision", "web"])).toMatchObject({ code: 0 });
    expect((await program.machine(["ls"])).stdout).toMatch(/web .*v\d\S+ +\n/);
    expect(await exists("web", "progress.json")).toBe(false);
  });

  test("by Ctrl-C is undone", async () => {
    const stopped = await interrupted([...generic(host), "web"], "Configure the engine", "SIGINT");
    expect(stopped.code).toBe(130);
    expect(await names()).toBe("");
  });

  test("by a kill is seen, and resumed where it was", async () => {
    await interrupted([...generic(host), "--engine-source", "distro", "web"], "Read the host's facts", "SIGKILL");
    expect((await program.machine(["ls"])).stdout).toMatch(/web .*machine provision web/);
    const again = await program.machine(["create", ...generic(host), "web"]);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain('Docker machine "web" already exists');
    expect(await program.machine(["create", "--resume", "web"])).toMatchObject({ code: 0 });
    expect((await program.machine(["env", "web"])).code).toBe(0);
  });

  test("meets a host whose key changed later: refused, until it is trusted", async () => {
    const changing = await lab.createHost({ image: "engine" });
    expect(await program.machine(["create", ...generic(changing), "web"])).toMatchObject({ code: 0 });
    await changing.exec(
      "rm /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh",
    );
    const shown = await changing.exec("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    const now = shown.stdout.split(" ")[1] ?? "";
    for (const words of [
      ["ssh", "web", "true"],
      ["provision", "web"],
    ]) {
      expectClearError(
        await program.machine(words),
        `web: the host key of ${changing.address} port 22 has changed: pinned ssh-ed25519 ${changing.hostKeyFingerprint}, now ssh-ed25519 ${now}\n`,
        `hint: if you know why, e.g. the host was installed anew: machine trust web ${now}\n`,
      );
    }
    expect(await program.machine(["env", "web"])).toMatchObject({ code: 0, stderr: "" });
    expect((await program.machine(["trust", "web", now])).code).toBe(0);
    expect((await program.machine(["ssh", "web", "true"])).code).toBe(0);
    expect(await program.machine(["provision", "web"])).toMatchObject({ code: 0 });
  });

  async function edited(name: string, change: (config: string) => string): Promise<void> {
    const path = join(program.store, "machines", name, "config.json");
    await writeFile(path, change(await readFile(path, "utf8")));
  }
});
