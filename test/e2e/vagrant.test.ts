import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finish, output } from "../support/command.js";
import { describeOnHosts } from "../support/lab.js";
import { forVagrant, installPrerequisites } from "../support/prerequisites.js";
import { type VirtualBox, virtualBox } from "../stand-ins/virtualbox/index.js";
import { vagrantEnv, writeVagrantBox } from "../stand-ins/virtualbox/vagrant.js";

/**
 * With VMs that do nothing, so all but what is done inside of one; with a guest:
 * `npx tsx test/stand-ins/virtualbox/check-vagrant.ts`.
 */
describeOnHosts("the stand-in of VirtualBox, driven by vagrant, which was not written here,", () => {
  let folder: string;
  let box: VirtualBox;
  const vagrant = (...args: readonly string[]) => finish("vagrant", args, { env: vagrantEnv(box, folder) });

  beforeAll(async () => {
    await installPrerequisites(forVagrant);
    folder = await mkdtemp(join(tmpdir(), "vagrant-"));
    box = await virtualBox({ version: "7.0.20" });
    const disk = join(folder, "disk.qcow2");
    await output("qemu-img", ["create", "-q", "-f", "qcow2", disk, "64M"]);
    await writeVagrantBox(folder, { disk, bootTimeout: 1 });
    await output("vagrant", ["box", "add", "--name", "tiny", join(folder, "tiny.box")], {
      env: vagrantEnv(box, folder),
    });
  });
  afterAll(async () => {
    await box.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("imports, configures and starts a VM, saves and continues it, and removes it", async () => {
    expect((await vagrant("up", "--provider", "virtualbox")).stderr).toContain(
      "Timed out while waiting for the machine to boot",
    );
    expect((await vagrant("status", "--machine-readable")).stdout).toContain(",default,state,running\n");
    for (const args of [["snapshot", "save", "first"], ["suspend"]]) {
      expect(await vagrant(...args)).toMatchObject({ code: 0, stderr: "" });
    }
    expect((await vagrant("status", "--machine-readable")).stdout).toContain(",default,state,saved\n");
    expect((await vagrant("resume")).stderr).toContain("Timed out while waiting for the machine to boot");
    for (const args of [
      ["halt", "--force"],
      ["destroy", "--force"],
    ]) {
      expect(await vagrant(...args)).toMatchObject({ code: 0, stderr: "" });
    }
    const refused = (await box.calls()).filter(({ code }) => code !== 0);
    // It asks for snapshots where there are none, and reads VirtualBox's answer.
    expect(new Set(refused.map(({ args, stdout }) => [args[0], args[2], stdout].join(" ")))).toEqual(
      new Set(["snapshot list This machine does not have any snapshots\n"]),
    );
  });
});
