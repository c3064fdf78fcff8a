import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createNone, newHome, putGeneric, type Home } from "./support.js";

/** The machines that a configuration knows. */
function hostsIn(config: string): readonly string[] {
  return [...config.matchAll(/^Host (\S+)$/gm)].map(([, name = ""]) => name);
}

async function installed(home: Home): Promise<readonly string[]> {
  return hostsIn(await readFile(join(home.store, "ssh_config"), "utf8"));
}

test("machine ssh-config prints a block for each machine that has ssh, or for those named", async () => {
  const home = await newHome();
  await putGeneric(home, "web-1");
  await putGeneric(home, "web-2");
  await createNone(home, "engine");
  await writeFile(join(await putGeneric(home, "broken"), "config.json"), "{");
  const all = await home.machine(["ssh-config"]);
  expect(hostsIn(all.stdout)).toEqual(["web-1", "web-2"]);
  expect(all.stdout).toContain("HostKeyAlias web-1");
  expect(all.stderr).toContain("(web-2) its host key is not known yet: machine ssh web-2 true pins it");
  expect(hostsIn((await home.machine(["ssh-config", "web-2"])).stdout)).toEqual(["web-2"]);
  expect(await home.machine(["ssh-config", "engine"])).toMatchObject({ code: 1, stdout: "" });
  expect((await stat(join(home.store, "ssh"))).mode & 0o777).toBe(0o700);
  expect(await readdir(home.home)).not.toContain(".ssh");
});

test("machine ssh-config --install keeps what ~/.ssh/config includes up to date until --uninstall", async () => {
  const home = await newHome();
  const config = join(home.home, ".ssh", "config");
  await mkdir(join(config, ".."), { mode: 0o700 });
  await writeFile(config, "Host *\n  User ann\n", { mode: 0o644 });
  await putGeneric(home, "web-1");
  expect(await home.machine(["ssh-config", "--install"])).toMatchObject({ code: 0, stdout: "" });
  expect(await readFile(config, "utf8")).toBe(`Include ${home.store}/ssh_config\nHost *\n  User ann\n`);
  expect((await stat(join(home.store, "ssh_config"))).mode & 0o777).toBe(0o600);

  await putGeneric(home, "web-2");
  expect(await home.machine(["rm", "-y", "web-1"])).toMatchObject({ code: 0 });
  expect(await installed(home)).toEqual(["web-2"]);

  expect(await home.machine(["ssh-config", "--uninstall"])).toMatchObject({ code: 0, stdout: "" });
  expect(await readFile(config, "utf8")).toBe("Host *\n  User ann\n");
  expect(await readdir(home.store)).not.toContain("ssh_config");
});

test("a file that cannot be kept up to date is told and fails no command", async () => {
  const home = await newHome();
  await putGeneric(home, "web-1");
  await mkdir(join(home.store, "ssh_config"));
  const removed = await home.machine(["rm", "-y", "web-1"]);
  expect(removed.code).toBe(0);
  expect(removed.stderr).toMatch(/ssh_config is not up to date: .*; machine ssh-config --install mends it/);
});

test.each([
  ["--install", "web"],
  ["--install", "--uninstall"],
])("machine ssh-config refuses %s %s", async (...words) => {
  expect(await (await newHome()).machine(["ssh-config", ...words])).toMatchObject({ code: 2, stdout: "" });
});
