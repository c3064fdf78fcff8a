import { copyFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Managed, infoOf, withBox } from "./manage.js";

const place = ["storageattach", "m1", "--storagectl", "SATA", "--type", "hdd", "--port"];

/** A disk of 64 MB in the home, and its id. */
async function makeDisk(
  { box, manage }: Managed,
  name: string,
): Promise<{ readonly path: string; readonly uuid: string }> {
  const path = join(box.home, name);
  const { stdout } = await manage("createmedium", "disk", "--filename", path, "--size", "64");
  return { path, uuid: /UUID: (\S{36})/.exec(stdout)?.[1] ?? "" };
}

describe("the registry of media", () => {
  it("takes no second file with the same id, whatever its name", async () => {
    await withBox({}, async (managed) => {
      await managed.makeVm();
      const { path, uuid } = await makeDisk(managed, "a.vdi");
      await copyFile(path, `${path}.copy`);
      const { code, stderr } = await managed.manage(...place, "0", "--medium", `${path}.copy`);
      expect(code).toBe(1);
      expect(stderr).toContain(
        `Cannot register the hard disk '${path}.copy' {${uuid}} because a hard disk '${path}' with UUID {${uuid}} already exists`,
      );
      expect(stderr).toContain(`Invalid UUID or filename "${path}.copy"`);
    });
  });

  it("knows a file that was deleted, until it is closed", async () => {
    await withBox({}, async (managed) => {
      const { path, uuid } = await makeDisk(managed, "a.vdi");
      const again = await managed.manage("createmedium", "disk", "--filename", path, "--size", "64");
      expect(again.stderr).toContain(
        "Progress state: NS_ERROR_INVALID_ARG\nVBoxManage: error: Failed to create medium\n",
      );
      expect((await managed.manage("closemedium", "disk", uuid, "--delete")).code).toBe(0);
      await expect(stat(path)).rejects.toThrow("ENOENT");
      expect((await managed.manage("list", "hdds")).stdout).toBe("");
      expect((await makeDisk(managed, "a.vdi")).uuid).not.toBe("");
    });
  });

  it("lets no disk go that a VM has, nor attaches one twice", async () => {
    await withBox({}, async (managed) => {
      await managed.makeVm();
      const { path, uuid } = await makeDisk(managed, "a.vdi");
      await managed.manage(...place, "0", "--medium", uuid);
      const { UUID: vm = "" } = await infoOf(managed.manage);
      expect((await managed.manage("closemedium", path)).stderr).toContain(
        `Medium '${path}' cannot be closed because it is still attached to 1 virtual machines`,
      );
      expect((await managed.manage("closemedium", path, "--delete")).stderr).toContain(
        `is still attached to the following 1 virtual machine(s): ${vm}`,
      );
      expect((await managed.manage(...place, "1", "--medium", path)).stderr).toContain(
        `Medium '${path}' is already attached`,
      );
    });
  });

  it("sees at the start that a disk was put in the place of another, or is gone", async () => {
    await withBox({}, async (managed) => {
      await managed.makeVm();
      const [first, second] = [await makeDisk(managed, "a.vdi"), await makeDisk(managed, "b.vdi")];
      await managed.manage(...place, "0", "--medium", first.path);
      await copyFile(second.path, first.path);
      expect((await managed.manage("startvm", "m1")).stderr).toContain(
        `UUID {${second.uuid}} of the medium '${first.path}' does not match the value {${first.uuid}}`,
      );
      await managed.manage("closemedium", second.path, "--delete");
      await rm(first.path);
      expect((await managed.manage("startvm", "m1")).stderr).toContain(`Could not open the medium '${first.path}'.`);
    });
  });

  it("grows disks that can grow, and shrinks none", async () => {
    await withBox({}, async (managed) => {
      const { path } = await makeDisk(managed, "a.vdi");
      await managed.manage("clonemedium", path, `${path}.vmdk`, "--format", "VMDK");
      expect((await managed.manage("modifymedium", "disk", path, "--resize", "128")).code).toBe(0);
      expect((await managed.manage("showmediuminfo", path)).stdout).toContain("Capacity:       128 MBytes\n");
      expect((await managed.manage("modifymedium", path, "--resize", "64")).stderr).toContain(
        "Shrinking is not yet supported",
      );
      expect((await managed.manage("modifymedium", path, "--resize", "200000000")).stderr).toContain(
        "Use --resizebyte if this is intended!",
      );
      expect((await managed.manage("modifymedium", `${path}.vmdk`, "--resize", "128")).code).toBe(1);
    });
  });

  it("and the VM's folder are empty once the VM is deleted with its disks, but for what is not its own", async () => {
    await withBox({}, async (managed) => {
      await managed.makeVm();
      const { path } = await makeDisk(managed, "VirtualBox VMs/m1/a.vdi");
      await managed.manage(...place, "0", "--medium", path);
      await managed.manage("startvm", "m1");
      await managed.manage("controlvm", "m1", "poweroff");
      expect((await managed.manage("unregistervm", "m1")).code).toBe(0);
      const file = join(managed.box.home, "VirtualBox VMs/m1/m1.vbox");
      expect((await managed.manage("registervm", file)).code).toBe(0);
      await managed.manage("unregistervm", "m1", "--delete");
      expect(await readdir(join(managed.box.home, "VirtualBox VMs"))).toEqual([]);
      expect((await managed.manage("list", "hdds")).stdout).toBe("");
    });
  });

  it("loses nothing when several calls come at once", async () => {
    await withBox({}, async ({ manage }) => {
      const names = Array.from({ length: 8 }, (_, number) => `m${String(number)}`);
      const made = await Promise.all(names.map((name) => manage("createvm", "--name", name, "--register")));
      expect(made.map(({ code }) => code)).toEqual(names.map(() => 0));
      const { stdout } = await manage("list", "vms");
      expect([...stdout.matchAll(/^"(.*)"/gm)].map(([, name]) => name).toSorted()).toEqual(names);
    });
  });
});
