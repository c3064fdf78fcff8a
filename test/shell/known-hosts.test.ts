import { readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import {
  hostName,
  isRevoked,
  keysFor,
  pinHostKey,
  readKnownHosts,
  replaceHostKey,
  type HostKey,
} from "../../src/shell/known-hosts.js";
import { output } from "../support/command.js";
import { fingerprintOf } from "../../src/driver/index.js";
import { fingerprintOf as printed, makeKey, temporary } from "./sshd.js";

async function newKey(dir: string, type = "ed25519"): Promise<HostKey> {
  const path = join(dir, `${type}-${String(Math.random())}`);
  await makeKey(path, type);
  const [name = "", base64 = ""] = (await readFile(`${path}.pub`, "utf8")).split(" ");
  return { type: name, base64 };
}

test("prints fingerprints as ssh-keygen does", async () => {
  const dir = await temporary();
  await makeKey(join(dir, "k"), "ecdsa");
  const [, base64 = ""] = (await readFile(join(dir, "k.pub"), "utf8")).split(" ");
  expect(fingerprintOf(base64)).toBe(await printed(join(dir, "k.pub")));
});

test("names a host with its port where that is not 22", () => {
  expect(hostName("Example.ORG", 22)).toBe("example.org");
  expect(hostName("::1", 2222)).toBe("[::1]:2222");
});

test("a pinned key is found again by us and by ssh-keygen, and only its user can read the file", async () => {
  const dir = await temporary();
  const file = join(dir, "known_hosts");
  const [first, second] = [await newKey(dir), await newKey(dir, "ecdsa")];
  await pinHostKey(file, "web-1", first);
  await pinHostKey(file, "[bastion]:2222", second);
  await pinHostKey(file, "web-1", first);
  const hosts = await readKnownHosts(file);
  expect(keysFor(hosts, "web-1")).toEqual([first]);
  expect(keysFor(hosts, "[bastion]:2222")).toEqual([second]);
  expect(await output("ssh-keygen", ["-F", "[bastion]:2222", "-f", file])).toContain(second.base64);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readFile(file, "utf8")).trimEnd().split("\n")).toHaveLength(2);
});

test("a new key takes the place of all keys of its host and of no other", async () => {
  const dir = await temporary();
  const file = join(dir, "known_hosts");
  const [old, other, fresh] = [await newKey(dir), await newKey(dir, "ecdsa"), await newKey(dir)];
  await writeFile(file, "# by hand\n");
  await pinHostKey(file, "web-1", old);
  await pinHostKey(file, "web-1", other);
  await pinHostKey(file, "web-2", old);
  await replaceHostKey(file, "web-1", fresh);
  const hosts = await readKnownHosts(file);
  expect(keysFor(hosts, "web-1")).toEqual([fresh]);
  expect(keysFor(hosts, "web-2")).toEqual([old]);
  expect(await readFile(file, "utf8")).toMatch(/^# by hand\n/);
});

test("a file that is missing knows nobody", async () => {
  expect(await readKnownHosts(join(await temporary(), "none"))).toEqual([]);
});

test("reads names that ssh-keygen has hashed", async () => {
  const dir = await temporary();
  const file = join(dir, "known_hosts");
  const key = await newKey(dir);
  await writeFile(file, `[host.example]:2200 ${key.type} ${key.base64} a comment\n`);
  await output("ssh-keygen", ["-H", "-f", file]);
  expect(await readFile(file, "utf8")).toMatch(/^\|1\|/);
  const hosts = await readKnownHosts(file);
  expect(keysFor(hosts, "[host.example]:2200")).toEqual([key]);
  expect(keysFor(hosts, "host.example")).toEqual([]);
});

test("understands lists, wildcards, exceptions and markers, and passes over what it cannot read", async () => {
  const dir = await temporary();
  const file = join(dir, "known_hosts");
  const key = await newKey(dir);
  const entry = `${key.type} ${key.base64}`;
  const lines = [
    "",
    "nonsense",
    `half.example ${key.type}`,
    `wrong.example ssh-rsa ${key.base64}`,
    `a.example,192.0.2.? ${entry}`,
    `*.lan,!guest.lan ${entry}`,
    `@revoked bad.example ${entry}`,
    `@cert-authority *.ca.example ${entry}`,
  ];
  await writeFile(file, lines.join("\r\n"));
  const hosts = await readKnownHosts(file);
  const known = (name: string): boolean => keysFor(hosts, name).length > 0;
  expect(["a.example", "A.Example", "192.0.2.7", "nas.lan"].filter((name) => !known(name))).toEqual([]);
  const strangers = ["axexample", "192.0.2.77", "guest.lan", "bad.example", "x.ca.example", "half.example"];
  expect([...strangers, "wrong.example"].filter(known)).toEqual([]);
  expect(isRevoked(hosts, "bad.example", key)).toBe(true);
  expect(isRevoked(hosts, "a.example", key)).toBe(false);
});

test("a pattern with many wildcards costs little, matching or not", async () => {
  const path = join(await temporary(), "known_hosts");
  const key = await newKey(dirname(path));
  const line = (pattern: string): string => `${pattern} ${key.type} ${key.base64}\n`;
  const name = "a".repeat(60);
  await writeFile(path, line(`${"*a".repeat(30)}b`) + line(`${"*a".repeat(30)}*`) + line("a?*") + line("*b"));
  expect(keysFor(await readKnownHosts(path), name)).toHaveLength(2);
});
