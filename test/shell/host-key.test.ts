import { readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { output } from "../support/command.js";
import { connectTo, failure, makeKey, startSshd, temporary, type Sshd } from "./sshd.js";

let sshd: Sshd;
let other: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
  other = await startSshd({ types: ["ed25519", "ecdsa", "rsa"] });
});
afterAll(async () => {
  await sshd.stop();
  await other.stop();
});

async function pin(name: string, publicKey: string): Promise<string> {
  const file = join(await temporary(), "known_hosts");
  const [type = "", base64 = ""] = (await readFile(publicKey, "utf8")).split(" ");
  await writeFile(file, `${name} ${type} ${base64}\n`);
  return file;
}

function hostKey(host: Sshd, type = "ed25519"): string {
  return host.hostKeys[type] ?? "";
}

test("shows and pins the key of an unknown host, once", async () => {
  const knownHosts = join(await temporary(), "known_hosts");
  const notices: string[] = [];
  const notice = (line: string): void => void notices.push(line);
  await connectTo(sshd, { options: { knownHosts, notice } });
  await connectTo(sshd, { options: { knownHosts, notice } });
  const fingerprint = sshd.fingerprints["ed25519"] ?? "";
  expect(notices).toEqual([
    `web-1: first contact with 127.0.0.1 port ${String(sshd.port)}: its ssh-ed25519 key is ${fingerprint}`,
  ]);
  expect(await output("ssh-keygen", ["-l", "-F", "web-1", "-f", knownHosts])).toContain(fingerprint);
});

test("pins the key also when the login is refused", async () => {
  const dir = await temporary();
  await makeKey(join(dir, "stranger"), "ed25519");
  const knownHosts = join(dir, "known_hosts");
  await failure(connectTo(sshd, { target: { keyPath: join(dir, "stranger") }, options: { knownHosts } }));
  expect(await readFile(knownHosts, "utf8")).toMatch(/^web-1 ssh-ed25519 /);
});

test("refuses a changed key before anything is sent, with both fingerprints and the way out", async () => {
  const knownHosts = await pin("web-1", hostKey(other));
  const before = sshd.log();
  const error = await failure(connectTo(sshd, { options: { knownHosts } }));
  expect(error.code).toBe("untrusted");
  expect(error.message).toContain(`pinned ssh-ed25519 ${other.fingerprints["ed25519"] ?? ""}`);
  expect(error.message).toContain(`now ssh-ed25519 ${sshd.fingerprints["ed25519"] ?? ""}`);
  expect(error.hint).toContain(`machine trust web-1 ${sshd.fingerprints["ed25519"] ?? ""}`);
  expect(sshd.log().slice(before.length)).not.toContain("Accepted");
  expect(await readFile(knownHosts, "utf8")).toContain(" ssh-ed25519 ");
});

test("a pinned key wins over the fingerprint of the first contact", async () => {
  const knownHosts = await pin("web-1", hostKey(sshd));
  await connectTo(sshd, { target: { hostKey: "SHA256:somethingelse" }, options: { knownHosts } });
});

test("accepts exactly the key with the given fingerprint, without a notice", async () => {
  const knownHosts = join(await temporary(), "known_hosts");
  const notices: string[] = [];
  const hostKeys = { right: `${sshd.fingerprints["ed25519"] ?? ""}=`, wrong: other.fingerprints["ed25519"] ?? "" };
  const options = { knownHosts, notice: (line: string): void => void notices.push(line) };
  const error = await failure(connectTo(sshd, { target: { hostKey: hostKeys.wrong }, options }));
  expect(error.code).toBe("untrusted");
  expect(error.message).toContain(`not the expected ${hostKeys.wrong} but ssh-ed25519 SHA256:`);
  await expect(readFile(knownHosts)).rejects.toThrow("ENOENT");
  await connectTo(sshd, { target: { hostKey: hostKeys.right }, options });
  expect(await readFile(knownHosts, "utf8")).toMatch(/^web-1 ssh-ed25519 /);
  expect(notices).toEqual([]);
});

test("replaces the pinned key by the one that is trusted now, and by no other", async () => {
  const knownHosts = await pin("web-1", hostKey(other));
  const wrong = other.fingerprints["rsa"];
  expect((await failure(connectTo(sshd, { options: { knownHosts, trust: wrong } }))).code).toBe("untrusted");
  await connectTo(sshd, { options: { knownHosts, trust: sshd.fingerprints["ed25519"] } });
  await connectTo(sshd, { options: { knownHosts } });
  expect((await readFile(knownHosts, "utf8")).trimEnd().split("\n")).toHaveLength(1);
});

test("a host that the user's file knows, hashed, needs no notice and is pinned", async () => {
  const userKnownHosts = await pin(`[127.0.0.1]:${String(sshd.port)}`, hostKey(sshd));
  await output("ssh-keygen", ["-H", "-f", userKnownHosts]);
  const knownHosts = join(await temporary(), "known_hosts");
  const before = await readFile(userKnownHosts, "utf8");
  const notices: string[] = [];
  await connectTo(sshd, { options: { knownHosts, userKnownHosts, notice: (line) => void notices.push(line) } });
  expect(notices).toEqual([]);
  expect(await readFile(knownHosts, "utf8")).toMatch(/^web-1 ssh-ed25519 /);
  expect(await readFile(userKnownHosts, "utf8")).toBe(before);
});

test("refuses a host that the user's file knows by another key, until that is trusted", async () => {
  const userKnownHosts = await pin(`[127.0.0.1]:${String(sshd.port)}`, hostKey(other));
  const knownHosts = join(await temporary(), "known_hosts");
  const error = await failure(connectTo(sshd, { options: { knownHosts, userKnownHosts } }));
  expect(error.code).toBe("untrusted");
  expect(error.message).toContain(userKnownHosts);
  await connectTo(sshd, { options: { knownHosts, userKnownHosts, trust: sshd.fingerprints["ed25519"] } });
  await connectTo(sshd, { options: { knownHosts, userKnownHosts } });
});

test("refuses a key that the user's file has revoked, even a pinned one", async () => {
  const userKnownHosts = await pin(`@revoked [127.0.0.1]:${String(sshd.port)}`, hostKey(sshd));
  const knownHosts = await pin("web-1", hostKey(sshd));
  const error = await failure(connectTo(sshd, { options: { knownHosts, userKnownHosts } }));
  expect(error.code).toBe("untrusted");
  expect(error.message).toContain("is marked as revoked");
  expect(error.hint).not.toContain("machine trust");
});

test.each(["ecdsa", "rsa"])(
  "a host with several keys is not taken for a changed one when its %s key is pinned",
  async (type) => {
    const knownHosts = await pin("web-1", hostKey(other, type));
    const shell = await connectTo(other, { options: { knownHosts } });
    expect((await shell.exec("echo same")).stdout).toBe("same\n");
  },
);

test("a host cannot get round its pinned key by showing one of another type", async () => {
  const knownHosts = await pin("web-1", hostKey(other, "rsa"));
  expect((await failure(connectTo(sshd, { options: { knownHosts } }))).code).toBe("untrusted");
});

test("the pinned key belongs to the machine, not to its address", async () => {
  const knownHosts = join(await temporary(), "known_hosts");
  await connectTo(sshd, { options: { knownHosts } });
  const notices: string[] = [];
  await connectTo(sshd, {
    target: { host: "::1" },
    options: { knownHosts, notice: (line) => void notices.push(line) },
  });
  expect(notices).toEqual([]);
});

test("says when the host key cannot be saved", async () => {
  const knownHosts = join(await temporary(), "no", "such", "directory");
  const error = await failure(connectTo(sshd, { options: { knownHosts } }));
  expect(error.code).toBe("failed");
  expect(error.message).toContain("could not save the host key");
});

test("the trap in ssh2: a verifier that answers with a promise lets every key in", async () => {
  const privateKey = await readFile(sshd.key);
  const no: unknown = Promise.resolve(false);
  const ready = await new Promise<boolean>((resolve) => {
    const client = new ssh2.Client();
    const settle = (outcome: boolean) => () => {
      client.end();
      resolve(outcome);
    };
    client.on("ready", settle(true)).on("error", settle(false));
    client.connect({
      host: "127.0.0.1",
      port: sshd.port,
      username: userInfo().username,
      privateKey,
      hostVerifier: () => no as boolean,
    });
  });
  // When this fails ssh2 is mended (good!), and the warning at our verifier can go.
  expect(ready).toBe(true);
});
