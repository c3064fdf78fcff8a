import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { makeKeyPair, readUserData } from "../../src/driver/index.js";
import { userData, type Login } from "../../src/vm/seed/cloud-config.js";
import { networkConfig } from "../../src/vm/seed/network-config.js";
import { temporaryFolder } from "./support.js";

const hostKey = makeKeyPair("web-1");
const login: Login = { user: "docker", authorizedKey: "ssh-ed25519 AAAA web-1\n", hostKey };

/** The cloud-configs that are ours in user data, in their order. */
function ours(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/#cloud-config\n(\{.*\})\n/g)].map(
    ([, json = ""]) => JSON.parse(json) as Record<string, unknown>,
  );
}

describe("user data", () => {
  test("has a user with the key and sudo, the host key made here, and no login by password", async () => {
    const text = (await userData(login)).toString();
    expect(text).toMatch(/^#cloud-config\n/);
    const [config] = ours(text);
    expect(config).toMatchObject({
      users: [
        {
          name: "docker",
          primary_group: "docker",
          lock_passwd: true,
          sudo: "ALL=(ALL) NOPASSWD:ALL",
          ssh_authorized_keys: ["ssh-ed25519 AAAA web-1"],
        },
      ],
      ssh_pwauth: false,
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
      package_update: false,
    });
    expect(config).not.toHaveProperty("mounts");
  });

  test("that is nothing but space is none of the user's", async () => {
    expect(await userData({ ...login, userData: Buffer.from(" \n") })).toEqual(await userData(login));
  });

  test("of the user comes first, then what is merged with it, then what replaces it", async () => {
    const mounts = [["tag", "/mnt/a b", "virtiofs", "defaults", "0", "0"]];
    const theirs = "#cloud-config\nssh_pwauth: true\n";
    const text = (await userData({ ...login, userData: Buffer.from(theirs), mounts })).toString();
    expect(text).toMatch(/^Content-Type: multipart\/mixed; boundary="[0-9a-f]{64}"\n/);
    const [merged, replacing, ...rest] = ours(text);
    expect(rest).toEqual([]);
    expect(text.indexOf(theirs)).toBeLessThan(text.indexOf("merge_how"));
    expect(merged).toMatchObject({ merge_how: "dict(no_replace,recurse_list)+list(prepend)+str()" });
    expect(replacing).toMatchObject({ ssh_pwauth: false, mounts, merge_how: "dict(replace)+list()+str()" });
    expect(replacing?.["users"]).toEqual([expect.objectContaining({ name: "docker" }), "default"]);
  });

  const together = async (theirs: string): Promise<Record<string, unknown>> => {
    const text = (await userData({ ...login, userData: Buffer.from(`#cloud-config\n${theirs}\n`) })).toString();
    return ours(text)[1] ?? {};
  };
  const us = expect.objectContaining({ name: "docker", ssh_authorized_keys: ["ssh-ed25519 AAAA web-1"] }) as unknown;

  test.each([
    ["users:", [us, "default"]],
    ["users: {}", [us, "default"]],
    ["users: []", [us]],
    ["users: bob, al", [us, "bob", "al"]],
    ["users: {ann: {shell: /bin/sh}, default: true}", [us, { name: "ann", shell: "/bin/sh" }, "default"]],
    ["users: [default, {name: ann, lock_passwd: yes}]", [us, "default", { name: "ann", lock_passwd: true }]],
    ["ssh_authorized_keys: [ssh-ed25519 BBBB ann]", [us, "default"]],
  ])("keeps the machine's own user whatever theirs says of users: %s", async (theirs, users) => {
    expect(await together(theirs)).toMatchObject({ users });
  });

  test("adds the keys and groups that theirs gives to the machine's own user", async () => {
    const theirs = "users: [{name: docker, groups: 'adm, sudo', ssh_authorized_keys: [ssh-ed25519 BBBB ann]}]";
    expect((await together(theirs))["users"]).toEqual([
      expect.objectContaining({
        name: "docker",
        groups: ["users", "adm", "sudo"],
        ssh_authorized_keys: ["ssh-ed25519 AAAA web-1", "ssh-ed25519 BBBB ann"],
        sudo: "ALL=(ALL) NOPASSWD:ALL",
      }),
    ]);
  });

  test("runs ours before theirs, also where theirs is empty", async () => {
    const first = [["sh", "-c", expect.any(String) as string, "docker"]];
    expect(await together("runcmd:")).toMatchObject({ runcmd: first });
    expect(await together("runcmd: [[touch, /ran]]")).toMatchObject({ runcmd: [...first, ["touch", "/ran"]] });
  });

  test.each([
    ["runcmd: |\n  echo hi", "the user data must have a list as runcmd"],
    ["a: [", "the user data is not valid YAML"],
    ["- a", "the user data must be a map of settings"],
  ])("is refused where cloud-init would pass it over: %j", async (theirs, message) => {
    await expect(together(theirs)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(message) as string,
    });
  });

  test("may be a script as well", async () => {
    const text = (await userData({ ...login, userData: Buffer.from("#!/bin/sh\necho hello\n") })).toString();
    expect(text).toContain("Content-Type: text/x-shellscript; charset=utf-8\n");
    expect(ours(text)).toHaveLength(2);
  });

  test("has no character that YAML takes for a line end, or refuses, and the rest as it was", async () => {
    const point = "/mnt/\u0085\u2028\u2029\ufeff\u007f\u0000ä😀\"'\\";
    const text = (await userData({ ...login, mounts: [["tag", point]] })).toString();
    expect(text.replaceAll(/[\n -~]/g, "")).toBe("😀");
    expect(ours(text)[0]?.["mounts"]).toEqual([["tag", point]]);
  });

  test("is the same for the same machine", async () => {
    const given = { ...login, userData: Buffer.from("#!/bin/sh\necho hello\n") };
    expect(await userData(given)).toEqual(await userData(given));
  });
});

test("interfaces are told by MAC in small letters, with DHCP or an address that is no way out", () => {
  const config: unknown = JSON.parse(
    networkConfig([{ mac: "52:54:00:AB:CD:01" }, { mac: "52:54:00:ab:cd:02", address: "192.168.59.20/24" }]),
  );
  expect(config).toEqual({
    version: 2,
    ethernets: {
      nic0: { match: { macaddress: "52:54:00:ab:cd:01" }, dhcp4: true, "dhcp-identifier": "mac" },
      nic1: { match: { macaddress: "52:54:00:ab:cd:02" }, dhcp4: false, addresses: ["192.168.59.20/24"] },
    },
  });
});

describe("a person's own user data", () => {
  const read = async (content: string | Buffer): Promise<Buffer> => {
    const path = join(await temporaryFolder(), "user-data");
    await writeFile(path, content);
    return readUserData(path, "--qemu-userdata");
  };

  test.each([
    "#cloud-config\nruncmd: []\n",
    "\n\n#Cloud-Config\n",
    "#!/bin/sh\n",
    "## template: jinja\n#cloud-config\n",
    "#cloud-config-archive\n[]\n",
    'From nobody Fri Jan 1\nContent-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n--b\n\n#!/bin/sh\n--b--\n',
    "",
  ])("is taken as it is where cloud-init knows its form: %j", async (content) => {
    expect((await read(content)).toString()).toBe(content);
  });

  test("is taken byte for byte, but for the mark of Windows' editors before it", async () => {
    const packed = gzipSync("#cloud-config\nruncmd: []\n");
    expect((await read(packed)).equals(packed)).toBe(true);
    expect((await read("\ufeff#cloud-config\n")).toString()).toBe("#cloud-config\n");
    const text = (await userData({ ...login, userData: packed })).toString();
    expect(text).toContain(`Content-Type: application/gzip\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n`);
    expect(text.replaceAll("\n", "")).toContain(packed.toString("base64"));
  });

  test.each(["runcmd: [echo hi]\n", "# a comment\n#cloud-config\n", "echo hi\n"])(
    "is refused where cloud-init would pass it over: %j",
    async (content) => {
      await expect(read(content)).rejects.toMatchObject({
        code: "usage",
        message: expect.stringMatching(/^--qemu-userdata: cloud-init does not recognize the format of /) as string,
      });
    },
  );

  test("is refused where it is a folder", async () => {
    const folder = await temporaryFolder();
    await expect(readUserData(folder, "--qemu-userdata")).rejects.toThrow(
      `unable to read --qemu-userdata file: ${folder}`,
    );
  });
});
