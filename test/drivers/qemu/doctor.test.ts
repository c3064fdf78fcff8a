import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checks } from "../../../drivers/qemu/doctor.js";
import { fakeIo, type Script } from "../../../src/driver/conformance.js";
import { MachineError } from "../../../src/driver/index.js";
import { said } from "../said.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "machine-doctor-"));
});
afterAll(() => rm(folder, { recursive: true }));

const there = {
  "qemu-img --version": "qemu-img version 7.2.22 (Debian 1:7.2+dfsg)",
  "qemu-system-x86_64 --version": "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)",
  "qemu-system-x86_64 -accel help": "Accelerators supported in QEMU binary:\ntcg\nkvm\n",
};

function doctor(script: Script, device = "none"): Promise<readonly string[]> {
  return said(checks("amd64", "linux", join(folder, device)), fakeIo(script));
}

describe("the doctor of the qemu driver", () => {
  test("names the version, and what runs the machines", async () => {
    await writeFile(join(folder, "kvm"), "");
    expect(await doctor(there, "kvm")).toEqual([
      "ok programs: qemu-system-x86_64 and qemu-img 7.2.22; ",
      "ok acceleration: kvm runs the machines; ",
    ]);
  });

  test("warns of emulation, and says what it is for want of", async () => {
    expect((await doctor(there))[1]).toMatch(
      /^warning acceleration: .*much slower; there is no .*: turn virtualization on/,
    );
  });

  test("says what to install where a program is missing or too old", async () => {
    const missing = new MachineError("failed", "qemu-system-x86_64 is not installed");
    expect(await doctor({ "qemu-img": there["qemu-img --version"], "qemu-system-x86_64": missing })).toEqual([
      expect.stringMatching(
        /^problem programs: .*qemu-system-x86_64 is not installed; install it: apt-get install qemu-/,
      ),
    ]);
    expect((await doctor({ ...there, "qemu-img --version": "qemu-img version 5.2.0" }))[0]).toMatch(
      /^problem programs: .*QEMU 6 or later, not 5\.2\.0; /,
    );
  });
});
