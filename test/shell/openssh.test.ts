import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { opensshConfig, type OpenSshHost } from "../../src/shell/openssh.js";
import { finish, output } from "../support/command.js";
import { authorize, connectTo, startSshd, targetFor, temporary, type Sshd } from "./sshd.js";

let a: Sshd;
let b: Sshd;
beforeAll(async () => {
  [a, b] = await Promise.all([startSshd(), startSshd()]);
});
afterAll(() => Promise.all([a.stop(), b.stop()]));

/** A machine whose files have awkward names, and whose host keys were pinned by a connection. */
async function machine(name: string, sshd: Sshd, changes: { jump?: readonly string[] } = {}): Promise<OpenSshHost> {
  const dir = join(await temporary(), 'with space, 100% & "quotes"');
  await mkdir(dir);
  await copyFile(sshd.key, join(dir, "id"));
  const target = targetFor(sshd, { keyPath: join(dir, "id"), ...changes });
  const knownHosts = join(dir, "known_hosts");
  await connectTo(sshd, { target, options: { machine: name, knownHosts } });
  return { name, target, knownHosts };
}

async function configFor(...hosts: readonly OpenSshHost[]): Promise<string> {
  const file = join(await temporary(), "ssh_config");
  await writeFile(file, opensshConfig(hosts));
  return file;
}

test("scp copies between two machines with other ports and other keys, and keeps the tree", async () => {
  const config = await configFor(await machine("web-1", a), await machine("web-2", b));
  const dir = await temporary();
  await mkdir(join(dir, "tree", "sub"), { recursive: true });
  await writeFile(join(dir, "tree", "sub", "file"), "hello");
  await output("scp", ["-F", config, "-r", "-q", "-3", `web-1:${dir}/tree`, `web-2:${dir}/copy`]);
  expect(await readFile(join(dir, "copy", "sub", "file"), "utf8")).toBe("hello");
  await output("scp", ["-F", config, "-q", join(dir, "tree", "sub", "file"), `web-2:${dir}/up`]);
  expect(await readFile(join(dir, "up"), "utf8")).toBe("hello");
});

test("ssh goes through a jump host with the keys that were pinned", async () => {
  await authorize(b.dir, a.key);
  const config = await configFor(await machine("web-1", a, { jump: [`127.0.0.1:${String(b.port)}`] }));
  expect(await output("ssh", ["-F", config, "web-1", "echo through"])).toBe("through");
  expect(b.log()).toContain("Accepted publickey");
});

test("ssh refuses a host whose key is not the pinned one", async () => {
  const host = await machine("web-1", a);
  const config = await configFor({ ...host, target: { ...host.target, port: b.port } });
  const { code, stderr } = await finish("ssh", ["-F", config, "web-1", "true"]);
  expect(code).toBe(255);
  expect(stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
});

test("ssh reads the values as they are meant", async () => {
  const keyPath = '/keys/a "b" c\\d 5%';
  const target = { kind: "ssh", host: "fe80::1%eth0", port: 2222, user: "me too", keyPath } as const;
  const config = await configFor(
    { name: "web-1", target, knownHosts: "/k h" },
    { name: "web-2", target, knownHosts: "/k" },
  );
  const settings = (await output("ssh", ["-F", config, "-G", "web-1"])).split("\n");
  expect(settings).toEqual(
    expect.arrayContaining([
      "hostname fe80::1%eth0",
      "port 2222",
      "user me too",
      'identityfile /keys/a "b" c\\d 5%%',
      "identitiesonly yes",
      "userknownhostsfile /k h",
      "hostkeyalias web-1",
      "stricthostkeychecking true",
      "serveraliveinterval 15",
      "loglevel ERROR",
    ]),
  );
});

test("without a key ssh may use its own, and a value with a line break is refused", () => {
  const target = { kind: "ssh", host: "h", port: 22, user: "me" } as const;
  expect(opensshConfig([{ name: "web-1", target, knownHosts: "/k" }])).not.toContain("Identit");
  const sly = { ...target, user: "me\n  ProxyCommand rm" };
  expect(() => opensshConfig([{ name: "web-1", target: sly, knownHosts: "/k" }])).toThrow("cannot be written");
});

test("programs share one connection, whose socket is gone when it ends", async () => {
  const host = await machine("web-1", a);
  const sockets = await temporary();
  const config = join(sockets, "config");
  await writeFile(config, opensshConfig([host], sockets));
  const logins = (): number => a.log().split("Accepted publickey").length;
  const before = logins();
  const said = Array.from({ length: 3 }, (_, turn) => output("ssh", ["-F", config, "web-1", `echo ${String(turn)}`]));
  await said[0];
  expect(await Promise.all(said)).toEqual(["0", "1", "2"]);
  expect(await output("ssh", ["-F", config, "web-1", "echo again"])).toBe("again");
  const shared = logins();
  expect(await output("ssh", ["-F", config, "web-1", "echo shared"])).toBe("shared");
  expect(logins()).toBe(shared);
  expect(shared).toBeGreaterThan(before);
  await output("ssh", ["-F", config, "-O", "exit", "web-1"]);
  await expect.poll(() => readdir(sockets)).toEqual(["config"]);
});

test("nothing is shared where the name of a socket would be too long for macOS", () => {
  const host = { name: "web-1", target: { kind: "ssh", host: "h", port: 22, user: "me" }, knownHosts: "/k" } as const;
  expect(opensshConfig([host], `/${"d".repeat(44)}`)).toContain("ControlPath");
  expect(opensshConfig([host], `/${"d".repeat(45)}`)).not.toContain("Control");
});
