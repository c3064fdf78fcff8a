import { readFile, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { VirtualBox } from "../index.js";
import { type Manage, infoOf, withBox } from "./manage.js";

async function stateOf(manage: Manage): Promise<string | undefined> {
  return (await infoOf(manage))["VMState"];
}

async function pidOf(box: VirtualBox): Promise<number> {
  const run = join(box.home, "stand-in", "run");
  const [folder = ""] = await readdir(run);
  return Number(await readFile(join(run, folder, "pid"), "utf8"));
}

/** Waits, since a guest takes its time to shut down. */
async function reaches(manage: Manage, state: string): Promise<void> {
  await expect.poll(() => stateOf(manage)).toBe(state);
}

describe("the state of a VM", () => {
  it("follows what is done with it", async () => {
    await withBox({}, async ({ manage, makeVm }) => {
      await makeVm();
      expect(await stateOf(manage)).toBe("poweroff");
      expect((await manage("startvm", "m1", "--type", "headless")).stdout).toBe(
        'Waiting for VM "m1" to power on...\nVM "m1" has been successfully started.\n',
      );
      expect((await manage("list", "runningvms")).stdout).toMatch(/^"m1" \{[\da-f-]{36}\}\n$/);
      await manage("controlvm", "m1", "pause");
      expect(await stateOf(manage)).toBe("paused");
      await manage("controlvm", "m1", "resume", "--type", "headless");
      expect(await stateOf(manage)).toBe("running");
      await manage("controlvm", "m1", "savestate");
      expect(await stateOf(manage)).toBe("saved");
      await manage("startvm", "m1");
      await manage("controlvm", "m1", "poweroff");
      expect(await stateOf(manage)).toBe("poweroff");
      expect((await manage("list", "runningvms")).stdout).toBe("");
    });
  });

  it("is poweroff when the guest has shut down, which it may not do", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      await manage("startvm", "m1");
      await box.setFaults({ kind: "button-ignored", times: 1 });
      expect((await manage("controlvm", "m1", "acpipowerbutton")).code).toBe(0);
      expect(await stateOf(manage)).toBe("running");
      await manage("controlvm", "m1", "acpipowerbutton");
      await reaches(manage, "poweroff");
    });
  });

  it("is aborted when its process was killed, and it can be started again", async () => {
    await withBox({}, async ({ box, manage, makeVm }) => {
      await makeVm();
      await manage("startvm", "m1");
      process.kill(await pidOf(box), "SIGKILL");
      await reaches(manage, "aborted");
      expect((await manage("startvm", "m1")).code).toBe(0);
      expect(await stateOf(manage)).toBe("running");
    });
  });

  it.each([
    ["6.1.50", "saved"],
    ["7.0.20", "aborted-saved"],
  ] as const)("in %s is %s when its process dies while it is restored", async (version, state) => {
    await withBox({ version }, async ({ box, manage, makeVm }) => {
      await makeVm();
      expect((await manage("startvm", "m1")).code).toBe(0);
      expect(await manage("controlvm", "m1", "savestate")).toMatchObject({ code: 0 });
      await box.setFaults({ kind: "dies-while-restoring", times: 1 });
      expect((await manage("startvm", "m1")).code).toBe(1);
      expect(await stateOf(manage)).toBe(state);
      expect((await manage("discardstate", "m1")).code).toBe(0);
      expect(await stateOf(manage)).not.toContain("saved");
    });
  });

  it("running keeps everybody else from changing, starting or removing it", async () => {
    await withBox({}, async ({ manage, makeVm }) => {
      await makeVm();
      await manage("startvm", "m1");
      const locked = "The machine 'm1' is already locked";
      expect((await manage("modifyvm", "m1", "--memory", "512")).stderr).toContain(
        `${locked} for a session (or being unlocked)`,
      );
      expect((await manage("startvm", "m1")).stderr).toContain(`${locked} by a session (or being locked or unlocked)`);
      expect((await manage("unregistervm", "m1", "--delete")).stderr).toContain(
        "Cannot unregister the machine 'm1' while it is locked",
      );
      expect((await manage("controlvm", "m1", "resume")).stderr).toContain(
        "Cannot resume the machine as it is not paused",
      );
      expect((await manage("controlvm", "m1", "natpf1", "x,tcp,127.0.0.1,1,,2")).code).toBe(0);
      expect((await infoOf(manage))["Forwarding(0)"]).toBe("x,tcp,127.0.0.1,1,,2");
    });
  });

  it("saved lets its networks be changed, and nothing else", async () => {
    await withBox({}, async ({ manage, makeVm }) => {
      await makeVm();
      await manage("startvm", "m1");
      await manage("controlvm", "m1", "savestate");
      expect((await manage("modifyvm", "m1", "--natpf1", "ssh,tcp,127.0.0.1,2222,,22")).code).toBe(0);
      expect((await manage("modifyvm", "m1", "--memory", "512")).stderr).toContain(
        "The machine is not mutable (state is Saved)",
      );
    });
  });

  it.each([
    ["7.0.20", 0],
    ["7.1.6", 1],
  ] as const)("of a start in %s whose forwarded port is taken: ends with %i", async (version, code) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    await withBox({ version }, async ({ manage, makeVm }) => {
      await makeVm();
      await manage("modifyvm", "m1", "--natpf1", `ssh,tcp,127.0.0.1,${port},,22`);
      const started = await manage("startvm", "m1");
      expect(started.code).toBe(code);
      expect(started.stderr.includes(`failed to set up redirection of ${port} to 22`)).toBe(code === 1);
      expect(await stateOf(manage)).toBe(code === 1 ? "poweroff" : "running");
    });
    server.close();
  });

  it("cannot be known when the settings file is gone", async () => {
    await withBox({}, async ({ manage, makeVm }) => {
      await makeVm();
      await rm((await infoOf(manage))["CfgFile"] ?? "");
      expect((await manage("list", "vms")).stdout).toMatch(/^"<inaccessible>" \{/);
      expect((await infoOf(manage))["name"]).toBe("<inaccessible>");
    });
  });
});
