import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isEncrypted, isPrivateKey, makeKeyPair, readPublicKey } from "../../src/shell/keys.js";
import { output } from "../support/command.js";
import { failure, fingerprintOf, makeKey, temporary } from "./sshd.js";

test("makes key pairs that ssh-keygen reads, for their user's eyes only", async () => {
  const dir = await temporary();
  // The padding depends on the length of the comment.
  for (const comment of ["", "web-1", "x".repeat(6), "x".repeat(7), "x".repeat(8)]) {
    const path = join(dir, `id-${String(comment.length)}`);
    const key = await makeKeyPair(path, comment);
    expect(await output("ssh-keygen", ["-y", "-f", path])).toBe(`${key.line} ${comment}`.trim());
    expect(key.fingerprint).toBe(await fingerprintOf(`${path}.pub`));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(`${path}.pub`)).mode & 0o777).toBe(0o644);
  }
});

test("never writes over a key", async () => {
  const path = join(await temporary(), "id_ed25519");
  await makeKeyPair(path, "one");
  const before = await readFile(path, "utf8");
  expect((await failure(makeKeyPair(path, "two"))).code).toBe("exists");
  expect(await readFile(path, "utf8")).toBe(before);
});

test.each(["ed25519", "rsa", "ecdsa"])(
  "reads the public key of an %s key, encrypted or not, in every format",
  async (type) => {
    const dir = await temporary();
    for (const [name, passphrase, format] of [
      ["openssh", "", "RFC4716"],
      ["locked", "secret", "RFC4716"],
      ["pem", "", "PEM"],
      ["pkcs8", "", "PKCS8"],
    ] as const) {
      const path = join(dir, name);
      await makeKey(path, type, passphrase);
      if (format !== "RFC4716") {
        // ssh-keygen keeps ed25519 keys in its own format.
        await output("ssh-keygen", ["-q", "-p", "-m", format, "-N", "", "-f", path]);
      }
      expect((await readPublicKey(path))?.fingerprint).toBe(await fingerprintOf(`${path}.pub`));
      const content = await readFile(path, "utf8");
      expect([isPrivateKey(content), isEncrypted(content)]).toEqual([true, passphrase !== ""]);
    }
  },
);

test("looks into the .pub file of an encrypted PEM key, and admits what it cannot know", async () => {
  const dir = await temporary();
  const path = join(dir, "id_rsa");
  await makeKey(path, "rsa", "secret");
  await output("ssh-keygen", ["-q", "-p", "-m", "PEM", "-P", "secret", "-N", "secret", "-f", path]);
  expect(isEncrypted(await readFile(path, "utf8"))).toBe(true);
  expect((await readPublicKey(path))?.fingerprint).toBe(await fingerprintOf(`${path}.pub`));
  await writeFile(`${path}.pub`, "not a key\n");
  expect(await readPublicKey(path)).toBeUndefined();
});
