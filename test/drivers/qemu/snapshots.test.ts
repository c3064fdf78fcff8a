import { rm, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import qemu from "../../../drivers/qemu/index.js";
import { launch } from "../../../drivers/qemu/launch.js";
import { filesOf } from "../../../drivers/qemu/state.js";
import { monitorOf } from "../../../drivers/qemu/monitor.js";
import { ask } from "../../../drivers/qemu/qmp.js";
import { output } from "../../support/command.js";
import { launched, type QemuMachine, realIo, removeAll } from "./support.js";

afterEach(removeAll);

describe("snapshots of a real QEMU", () => {
  let machine: QemuMachine;
  let io: ReturnType<typeof realIo>;
  beforeEach(async () => {
    ({ machine, io } = await launched());
    await ask(monitorOf(machine), "cont");
  });
  const status = async (): Promise<string> => (await qemu.inspect(machine, io)).status;
  const list = async () => (await qemu.snapshots?.list(machine, io))?.map(({ name, hasMemory }) => [name, hasMemory]);
  const restore = (name: string) => qemu.snapshots?.restore(machine, name, io);

  test("hold the memory of a machine that runs, and the disk alone of one that is stopped, in their order", async () => {
    expect(await list()).toEqual([]);
    await qemu.snapshots?.save(machine, "running, so", io);
    expect(await status()).toBe("running");
    await qemu.kill?.(machine, io);
    await qemu.snapshots?.save(machine, "stopped", io);
    expect(await list()).toEqual([
      ["running, so", true],
      ["stopped", false],
    ]);
    const at = (await qemu.snapshots?.list(machine, io))?.[0]?.at ?? 0;
    expect(Math.abs(Date.now() - at)).toBeLessThan(600_000);
  });

  test("of a machine that runs bring it back to the same memory, whether it runs or is stopped", async () => {
    await poke(machine, "0x55");
    await qemu.snapshots?.save(machine, "one", io);
    await poke(machine, "0x66");
    await restore("one");
    expect(await status()).toBe("running");
    expect(await peek(machine)).toBe("0x55");
    await qemu.kill?.(machine, io);
    const changes = await restore("one");
    machine = { ...machine, state: { ...machine.state, ...changes } };
    expect(await status()).toBe("running");
    expect(await peek(machine)).toBe("0x55");
  });

  test("are the same devices' with and without the seed of the first boot", async () => {
    await qemu.kill?.(machine, io);
    await writeFile(filesOf(machine).seed, Buffer.alloc(64 * 1024));
    await launch(machine, io);
    await ask(monitorOf(machine), "eject", { id: "seed0", force: true });
    await ask(monitorOf(machine), "blockdev-del", { "node-name": "seed" });
    await rm(filesOf(machine).seed);
    await qemu.snapshots?.save(machine, "seeded", io);
    await qemu.kill?.(machine, io);
    await restore("seeded");
    expect(await status()).toBe("running");
  });

  test("of a machine that was stopped leave it stopped, with the disk as it was", async () => {
    await qemu.kill?.(machine, io);
    await write(machine, "0x11");
    await qemu.snapshots?.save(machine, "off", io);
    await write(machine, "0x22");
    await launch(machine, io);
    await restore("off");
    expect(await status()).toBe("stopped");
    const read = await output("qemu-io", ["-c", "read -P 0x11 0 64k", filesOf(machine).disk]);
    expect(read).not.toContain("verification failed");
  });

  test.each(["running", "stopped"])("are removed from a machine that is %s, and told apart by name", async (state) => {
    await qemu.snapshots?.save(machine, "a", io);
    await qemu.snapshots?.save(machine, "b", io);
    if (state === "stopped") await qemu.kill?.(machine, io);
    await expect(qemu.snapshots?.save(machine, "a", io)).rejects.toMatchObject({ code: "exists" });
    await qemu.snapshots?.remove(machine, "a", io);
    expect(await list()).toEqual([["b", true]]);
    await expect(qemu.snapshots?.remove(machine, "a", io)).rejects.toMatchObject({ code: "not-found" });
    await expect(restore("a")).rejects.toMatchObject({ code: "not-found" });
    expect(await status()).toBe(state);
  });

  /** A byte of the serial port's that nobody but us uses is part of the state that goes with the memory. */
  async function poke(on: QemuMachine, byte: string): Promise<void> {
    await ask(monitorOf(on), "human-monitor-command", { "command-line": `o /1bx 0x3ff ${byte}` });
  }

  async function peek(on: QemuMachine): Promise<string> {
    const shown = await ask(monitorOf(on), "human-monitor-command", { "command-line": "i /1bx 0x3ff" });
    return String(shown).trim().split(" ").at(-1) ?? "";
  }

  async function write(on: QemuMachine, pattern: string): Promise<void> {
    await output("qemu-io", ["-c", `write -P ${pattern} 0 64k`, filesOf(on).disk]);
  }
});
