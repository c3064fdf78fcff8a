import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeKeyPair } from "../../src/driver/index.js";
import { output } from "../support/command.js";
import { fingerprintOf, temporary } from "../shell/sshd.js";

test("makes key pairs that ssh-keygen reads", async () => {
  const dir = await temporary();
  // The padding depends on the length of the comment.
  for (const comment of ["", "web-1", "x".repeat(6), "x".repeat(7), "x".repeat(8)]) {
    const path = join(dir, `id-${String(comment.length)}`);
    const { privateKey, publicKey, fingerprint } = makeKeyPair(comment);
    await writeFile(path, privateKey, { mode: 0o600 });
    await writeFile(`${path}.pub`, publicKey);
    expect(await output("ssh-keygen", ["-y", "-f", path])).toBe(publicKey.trim());
    expect(fingerprint).toBe(await fingerprintOf(`${path}.pub`));
  }
});
