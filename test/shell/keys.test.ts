import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isEncrypted, isPrivateKey, readPublicKey } from "../../src/shell/keys.js";
import { output } from "../support/command.js";
import { fingerprintOf, makeKey, temporary } from "./sshd.js";

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
