import { describe, expect, test } from "vitest";
import { makeKeyPair } from "../../src/driver/index.js";
import { userData, type Login } from "../../src/vm/seed/cloud-config.js";
import { networkConfig } from "../../src/vm/seed/network-config.js";

const hostKey = makeKeyPair("web-1");
const login: Login = { user: "docker", authorizedKey: "ssh-ed25519 AAAA web-1\n", hostKey };

/** The cloud-configs that are ours in user data, in their order. */
function ours(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/#cloud-config\n(\{.*\})\n/g)].map(
    ([, json = ""]) => JSON.parse(json) as Record<string, unknown>,
  );
}

describe("user data", () => {
  test("has a user with the key and sudo, the host key made here, and no login by password", () => {
    const text = userData(login).toString();
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

  test("that is nothing but space is none of the user's", () => {
    expect(userData({ ...login, userData: " \n" })).toEqual(userData(login));
  });

  test("of the user comes first, then what is merged with it, then what replaces it", () => {
    const mounts = [["tag", "/mnt/a b", "virtiofs", "defaults", "0", "0"]];
    const theirs = "#cloud-config\nssh_pwauth: true\n";
    const text = userData({ ...login, userData: theirs, mounts }).toString();
    expect(text).toMatch(/^Content-Type: multipart\/mixed; boundary="[0-9a-f]{64}"\n/);
    const [merged, replacing, ...rest] = ours(text);
    expect(rest).toEqual([]);
    expect(text.indexOf(theirs)).toBeLessThan(text.indexOf("merge_how"));
    expect(Object.keys(merged ?? {})).toEqual(expect.arrayContaining(["users", "mounts"]));
    expect(merged).toMatchObject({ mounts, merge_how: "dict(no_replace,recurse_list)+list(prepend)+str()" });
    expect(Object.keys(replacing ?? {})).toEqual(["ssh_pwauth", "ssh_deletekeys", "ssh_keys", "merge_how"]);
    expect(replacing).toMatchObject({ merge_how: "dict(replace)+list()+str()" });
  });

  test("may be a script as well", () => {
    const text = userData({ ...login, userData: "#!/bin/sh\necho hello\n" }).toString();
    expect(text).toContain("Content-Type: text/x-shellscript; charset=utf-8\n");
    expect(ours(text)).toHaveLength(2);
  });

  test("has no character that YAML takes for a line end, or refuses, and the rest as it was", () => {
    const point = "/mnt/\u0085\u2028\u2029\ufeff\u007f\u0000ä😀\"'\\";
    const text = userData({ ...login, mounts: [["tag", point]] }).toString();
    expect(text.replaceAll(/[\n -~]/g, "")).toBe("😀");
    expect(ours(text)[0]?.["mounts"]).toEqual([["tag", point]]);
  });

  test("is the same for the same machine", () => {
    const given = { ...login, userData: "#!/bin/sh\necho hello\n" };
    expect(userData(given)).toEqual(userData(given));
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
