import { describe, expect, it } from "vitest";
import { blocks, infoOf, withBox } from "./manage.js";

describe("a fault that was ordered", () => {
  it("is there as often as ordered, and only for the calls that it was ordered for", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      await box.setFaults({ kind: "not-ready", of: "startvm", times: 2 });
      expect((await manage("list", "vms")).code).toBe(0);
      for (const code of [1, 1, 0]) {
        const started = await manage("startvm", "m1");
        expect(started.code).toBe(code);
        expect(started.stderr.includes("VBoxManage: error: The object is not ready\n")).toBe(code === 1);
      }
    });
  });

  it("locks a VM that is off", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      await box.setFaults({ kind: "locked", times: 1 });
      expect((await manage("modifyvm", "m1", "--memory", "777")).stderr).toContain(
        "is already locked for a session (or being unlocked)",
      );
      expect((await manage("modifyvm", "m1", "--memory", "777")).code).toBe(0);
      expect(await infoOf(manage)).toMatchObject({ memory: "777" });
    });
  });

  it("reports an error and success together", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      await box.setFaults({ kind: "error-with-success", of: "modifyvm", times: 1 });
      const changed = await manage("modifyvm", "m1", "--memory", "777");
      expect(changed.code).toBe(0);
      expect(changed.stderr).toMatch(/^VBoxManage: error: /);
      expect(await infoOf(manage)).toMatchObject({ memory: "128" });
    });
  });

  it("makes a host-only adapter and says that it did not", async () => {
    await withBox({}, async ({ box, manage }) => {
      await box.setFaults({ kind: "create-fails-though-created", times: 1 });
      expect((await manage("hostonlyif", "create")).code).toBe(1);
      expect(blocks((await manage("list", "hostonlyifs")).stdout)).toHaveLength(1);
    });
  });

  it("takes an adapter's address away when the VM starts", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      await manage("hostonlyif", "create");
      await manage("hostonlyif", "ipconfig", "vboxnet0", "--ip", "192.168.59.1", "--netmask", "255.255.255.0");
      await box.setFaults({ kind: "adapter-loses-address", times: 1 });
      await manage("startvm", "m1");
      expect(blocks((await manage("list", "hostonlyifs")).stdout)[0]?.["IPAddress"]).toBe("169.254.37.187");
    });
  });
});
