import { once } from "node:events";
import { access, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { finishBoot } from "../../../drivers/qemu/boot.js";
import { launch } from "../../../drivers/qemu/launch.js";
import { filesOf } from "../../../drivers/qemu/state.js";
import { monitorOf } from "../../../drivers/qemu/monitor.js";
import { ask } from "../../../drivers/qemu/qmp.js";
import { MachineError, type Io, type Shell } from "../../../src/driver/index.js";
import { bareMachine, type QemuMachine, type realIo } from "./support.js";

describe("the end of a first boot, on a real QEMU with a stand-in for its sshd", () => {
  let sshd: Server;
  let machine: QemuMachine;
  let io: ReturnType<typeof realIo>;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ machine, io, remove } = await bareMachine({ ShareFolders: ["/tmp:/mnt/a", "/var:/mnt/b"] }));
    await writeFile(filesOf(machine).seed, Buffer.alloc(64 * 1024));
    const changes = await launch(machine, io);
    sshd = createServer((socket) => socket.on("error", () => undefined).write("SSH-2.0-x\r\n")).listen(0, "127.0.0.1");
    await once(sshd, "listening");
    const SSHPort = (sshd.address() as AddressInfo).port;
    machine = { ...machine, state: { ...machine.state, ...changes, SSHPort } };
  });
  afterEach(async () => {
    sshd.close();
    await remove();
  });

  const mounts = "proc /proc proc rw 0 0\nshare0 /mnt/a 9p rw 0 0\n";
  const shell: Shell = {
    exec: (command) => Promise.resolve({ stdout: command === "cat /proc/mounts" ? mounts : "", stderr: "", code: 0 }),
  };
  const seed = (): Promise<boolean> =>
    access(filesOf(machine).seed).then(
      () => true,
      () => false,
    );

  test("takes the seed out of the machine and deletes it, and may be repeated", async () => {
    await finishBoot(machine, { ...io, shell: () => Promise.resolve(shell) });
    expect(await seed()).toBe(false);
    expect(JSON.stringify(await ask(monitorOf(machine), "query-block"))).not.toContain("seed.iso");
    expect(JSON.stringify(await ask(monitorOf(machine), "query-named-block-nodes"))).not.toContain("seed.iso");
    await finishBoot(machine, { ...io, shell: () => Promise.resolve(shell) });
  });

  test("tells of the folder that is not mounted, and of no other", async () => {
    await finishBoot(machine, { ...io, shell: () => Promise.resolve(shell) });
    const told = io.lines.flatMap(({ type, line }) => (type === "notice" ? [line] : []));
    expect(told).toEqual([expect.stringMatching(/^\/mnt\/b is not mounted: .*9p.*mount -t 9p share1 \/mnt\/b/)]);
  });

  test("that nobody may log in for keeps the seed, and shows the end of the console", async () => {
    await writeFile(filesOf(machine).console, "cloud-init: no datasource\n");
    const refused: Io["shell"] = () => Promise.reject(new MachineError("untrusted", "another host key"));
    await expect(finishBoot(machine, { ...io, shell: refused })).rejects.toMatchObject({
      code: "untrusted",
      output: "cloud-init: no datasource",
      hint: expect.stringContaining("NoCloud") as string,
    });
    expect(await seed()).toBe(true);
  });
});
