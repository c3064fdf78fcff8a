import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checks } from "../../drivers/generic/doctor.js";
import { fakeIo } from "../../src/driver/conformance.js";
import { MachineError } from "../../src/driver/index.js";
import { said } from "./said.js";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "machine-doctor-"));
  await mkdir(join(home, ".ssh"));
});
afterEach(() => rm(home, { recursive: true }));

const noAgent = new MachineError("failed", "ssh-add -l exited with status 2");

function doctor(agent: string | MachineError, sshKey?: string): Promise<readonly string[]> {
  return said(checks(sshKey), fakeIo({ "ssh-add -l": agent }, { HOME: home }));
}

describe("the doctor of the generic driver", () => {
  test("counts the agent's keys and names the default ones", async () => {
    await writeFile(join(home, ".ssh", "id_rsa"), "a key");
    expect(await doctor("256 SHA256:abc ann (ED25519)\n")).toEqual([`ok keys: 1 of the agent, ${home}/.ssh/id_rsa; `]);
  });

  test("warns where there is no key to log in with", async () => {
    expect(await doctor(noAgent)).toEqual([
      expect.stringMatching(
        /^warning keys: there is no ssh agent that has a key, and no key .*; ssh-keygen -t ed25519/,
      ),
    ]);
  });

  test("looks at the key that is named, and at no other", async () => {
    await writeFile(join(home, ".ssh", "lab"), "a key");
    expect(await doctor("", "~/.ssh/lab")).toEqual([`ok keys: ${home}/.ssh/lab can be read; `]);
    expect(await doctor("", "~/.ssh/none")).toEqual([
      'problem keys: SSH key does not exist: "~/.ssh/none"; --generic-ssh-key takes the private key file',
    ]);
  });
});
