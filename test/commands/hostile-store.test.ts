import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { MachineConfig } from "../../src/store/config.js";
import { createNone, linesOf, newHome, putGeneric, type Home } from "./support.js";

/** What a store of somebody else's must not touch. */
const mine = "alias ll='ls -l'\n";

let home: Home;
let bashrc: string;
beforeEach(async () => {
  home = await newHome();
  bashrc = join(home.home, ".bashrc");
  await writeFile(bashrc, mine);
});

async function expectUntouched(): Promise<void> {
  expect(await readFile(bashrc, "utf8")).toBe(mine);
}

describe("a store of somebody else's", () => {
  test.each(["commands.jsonl", "known_hosts", "ports.json", "qemu.pid", "web/web.vbox"])(
    "with a link for %s is not followed, and its machine is called broken",
    async (file) => {
      const dir = await putGeneric(home, "web");
      await mkdir(join(dir, "web"));
      await symlink(bashrc, join(dir, file));
      for (const command of ["provision", "start", "ssh", "logs"]) {
        const { code, stderr } = await home.machine([command, "web"]);
        expect({ command, code }).toEqual({ command, code: 1 });
        expect(stderr).toContain(`${join(dir, file)} is a link`);
      }
      expect(linesOf(await home.machine(["ls"])).join()).toContain("is a link");
      await expectUntouched();
      expect((await home.machine(["rm", "-f", "-y", "web"])).code).toBe(0);
      await expectUntouched();
    },
  );

  test("with a link for a machine's directory is not followed", async () => {
    const dir = await putGeneric(home, "web");
    await rename(dir, join(home.home, "elsewhere"));
    await symlink(join(home.home, "elsewhere"), dir);
    const before = await readdir(join(home.home, "elsewhere"));
    expect((await home.machine(["provision", "web"])).stderr).toContain(`${dir} is a link`);
    expect((await home.machine(["rm", "-f", "-y", "web"])).code).toBe(0);
    expect(await readdir(join(home.home, "elsewhere"))).toEqual(before);
  });

  test.each(["certs", "cache", "machines", "locks"])("with a link for %s is refused by every command", async (name) => {
    await createNone(home, "web");
    const elsewhere = join(home.home, "elsewhere");
    await cp(join(home.store, "certs"), elsewhere, { recursive: true });
    const path = join(home.store, name);
    await rename(path, `${path}-aside`).catch(() => undefined);
    await symlink(elsewhere, path);
    for (const line of [["ls"], ["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "db"], ["image", "prune"]]) {
      const { code, stderr } = await home.machine(line);
      expect(code).toBe(1);
      expect(stderr).toContain(`${path} is a link, which a store must not contain`);
    }
  });

  test("with a named pipe for config.json does not keep a command waiting", async () => {
    const dir = await putGeneric(home, "web");
    execFileSync("sh", ["-c", 'rm "$0" && mkfifo "$0"', join(dir, "config.json")]);
    expect(linesOf(await home.machine(["ls"])).join()).toContain("is a named pipe");
  });

  test.each(["*", "web;touch pwn;", "-rf", "a b", "ä"])(
    "with a directory %j, which no create makes, has no such machine",
    async (name) => {
      const dir = await putGeneric(home, "web");
      await cp(dir, join(home.store, "machines", name), { recursive: true });
      expect(linesOf(await home.machine(["ls", "-q"]))).toEqual(["web"]);
      expect((await home.machine(["ssh-config"])).stdout.match(/^Host .*/gm)).toEqual(["Host web"]);
      expect((await home.machine(["__complete", "rm", ""])).stdout).not.toContain(name);
      expect((await home.machine(["rm", "-f", "-y", "--", name])).stderr).toContain("does not exist");
    },
  );

  const auth = (paths: object) => (config: MachineConfig) => ({
    ...config,
    HostOptions: { ...config.HostOptions, AuthOptions: { ...config.HostOptions.AuthOptions, ...paths } },
  });

  test("whose config.json names certificates elsewhere has none of them replaced", async () => {
    await createNone(home, "db");
    const profile = join(home.home, ".profile");
    await writeFile(profile, mine);
    const elsewhere = { CertDir: home.home, ClientCertPath: bashrc, ClientKeyPath: profile };
    await putGeneric(home, "web", 1, auth(elsewhere));
    const { code, stderr } = await home.machine(["provision", "web"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`the client certificate ${bashrc}`);
    await expectUntouched();
    expect(await readFile(profile, "utf8")).toBe(mine);
  });

  test("whose config.json names certificates elsewhere that are not there has none made", async () => {
    await createNone(home, "db");
    const [CaCertPath, CaPrivateKeyPath] = [join(home.home, "new-ca.pem"), join(home.home, "new-ca-key.pem")];
    await putGeneric(home, "web", 1, auth({ CertDir: home.home, CaCertPath, CaPrivateKeyPath }));
    const { code, stderr } = await home.machine(["provision", "web"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`there is no ${CaCertPath}, which the machine's config.json names`);
    expect(await readdir(home.home)).not.toContain("new-ca.pem");
  });

  test.each(["tcp://127.0.0.1:2376/ --config=/tmp/evil", "tcp://127.0.0.1:2376\nSET X=1", 'tcp://h:1/"'])(
    "whose config.json has the URL %j hands no words on to a shell",
    async (URL) => {
      await createNone(home, "web");
      const path = join(home.store, "machines", "web", "config.json");
      const config = JSON.parse(await readFile(path, "utf8")) as MachineConfig;
      await writeFile(path, JSON.stringify({ ...config, Driver: { ...config.Driver, URL } }));
      for (const command of ["config", "env", "url"]) {
        const { code, stdout, stderr } = await home.machine([command, "web"]);
        expect({ command, code, stdout }).toEqual({ command, code: 1, stdout: "" });
        expect(stderr).toContain("Driver.URL in its config.json must be a URL");
      }
    },
  );

  test("whose config.json has objects in objects without end is called broken", async () => {
    const dir = await putGeneric(home, "web");
    const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    await writeFile(join(dir, "config.json"), `{"Driver": ${deep}}`);
    const { code, stderr } = await home.machine(["inspect", "web"]);
    expect(code).toBe(1);
    expect(stderr).toContain("web is broken");
  });

  test("whose log has lines of other kinds shows the others", async () => {
    const dir = await putGeneric(home, "web");
    const good = { at: "2026-01-01T00:00:00.000Z", command: "true", durationMs: 5, exitCode: 0, error: null };
    const lines = ['{"command":"x"}', '{"command":"x","at":5}', "[]", "null", JSON.stringify(good)];
    await writeFile(join(dir, "commands.jsonl"), `${lines.join("\n")}\n`);
    const { code, stdout } = await home.machine(["logs", "web"]);
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(2);
  });

  test("whose log is a directory is told so", async () => {
    const dir = await putGeneric(home, "web");
    await mkdir(join(dir, "commands.jsonl"));
    const { code, stderr } = await home.machine(["logs", "web"]);
    expect(code).toBe(1);
    expect(stderr).toContain("commands.jsonl cannot be read");
  });
});
