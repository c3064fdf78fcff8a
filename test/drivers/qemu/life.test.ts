import { spawn } from "node:child_process";
import { once } from "node:events";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bootUp, waitForSsh } from "../../../drivers/qemu/boot.js";
import qemu from "../../../drivers/qemu/index.js";
import { launch } from "../../../drivers/qemu/launch.js";
import { endAll } from "../../../drivers/qemu/power.js";
import { filesOf } from "../../../drivers/qemu/state.js";
import { monitorOf } from "../../../drivers/qemu/monitor.js";
import { processesOf, processOf } from "../../../drivers/qemu/process.js";
import { ask } from "../../../drivers/qemu/qmp.js";
import { driverChecks } from "../../../src/driver/conformance.js";
import { output } from "../../support/command.js";
import { launched, type QemuMachine, realIo, removeAll } from "./support.js";

afterEach(removeAll);

describe("a machine whose QEMU is real", () => {
  const running = {
    io: inAHurry(realIo()),
    machine: async () => {
      await qemu.start?.(machine, io);
      return machine;
    },
    run: () => processOf(machine, io),
  };
  const verbs = driverChecks(qemu, { options: {}, refused: [], running }).filter(({ name }) => /starts it/.test(name));
  for (const { name, run } of verbs) test(name, run);

  let machine: QemuMachine;
  let io: ReturnType<typeof realIo>;
  beforeEach(async () => {
    ({ machine, io } = await launched());
  });
  const status = async (): Promise<string> => (await qemu.inspect(machine, io)).status;
  const told = () => io.lines.flatMap(({ type, line }) => (type === "notice" ? [line] : []));

  test("is paused until it is started, then runs, and is stopped when it is killed; kill and stop are fine then", async () => {
    expect(await status()).toBe("paused");
    expect(await qemu.start?.(machine, io)).toBeUndefined();
    expect(await status()).toBe("running");
    await qemu.kill?.(machine, io);
    expect(await status()).toBe("stopped");
    await qemu.kill?.(machine, io);
    await qemu.stop?.(machine, io);
    expect(await status()).toBe("stopped");
  });

  test("that ends instead of booting is not waited for, and the end of its console is told", async () => {
    await writeFile(filesOf(machine).console, "\u001b[1mKernel panic\u001b[0m\r\n");
    const told = expect(waitForSsh(machine, io)).rejects.toMatchObject({
      message: "vm: the machine has ended instead of booting",
      output: "Kernel panic",
    });
    await endAll(machine, io);
    await told;
    expect(io.lines).toContainEqual({ type: "output", line: "Kernel panic" });
  });

  test("that a create which goes on finds stopped is started; it is given up where it does not boot", async () => {
    await qemu.kill?.(machine, io);
    await expect(bootUp(machine, inAHurry(io, 1_000))).rejects.toMatchObject({
      message: "gave up waiting for ssh of vm after 600 s",
      hint: expect.stringContaining("cloud-init") as string,
    });
    expect(await status()).toBe("running");
  });

  test("is stopped when its system powers itself off", async () => {
    const stopping = qemu.stop?.(machine, io);
    // What the system would do in the end: nothing here listens for the button.
    setTimeout(() => void ask(monitorOf(machine), "quit"), 500);
    await stopping;
    expect(await status()).toBe("stopped");
    expect(told()).toEqual([]);
  });

  test("is switched off when its system does not heed the button for a minute and a half, and that is told", async () => {
    const began = Date.now();
    const hasty = inAHurry(io);
    await qemu.stop?.(machine, hasty);
    expect(await status()).toBe("stopped");
    expect(hasty.now() - began).toBeGreaterThanOrEqual(90_000);
    expect(told()).toEqual(["it does not power itself off, so it is switched off"]);
  });

  test("is killed also when its QEMU does not answer any more", async () => {
    const pid = await processOf(machine, io);
    process.kill(pid ?? 0, "SIGSTOP");
    await qemu.kill?.(machine, inAHurry(io));
    expect(await status()).toBe("stopped");
  });

  test("is found by its id although no file tells of it, and removed", async () => {
    await rm(filesOf(machine).pid);
    expect(await processesOf(machine.state, io)).toHaveLength(1);
    await qemu.remove(machine, io);
    expect(await processesOf(machine.state, io)).toEqual([]);
    expect(await status()).toBe("missing");
  });

  test("is not taken for another process that has its number since the computer was restarted", async () => {
    await qemu.kill?.(machine, io);
    const other = spawn("sleep", ["60"]);
    await writeFile(filesOf(machine).pid, `${String(other.pid)}\n`);
    await writeFile(join(machine.dir, "qmp.sock"), "");
    expect(await status()).toBe("stopped");
    await qemu.kill?.(machine, io);
    await launch(machine, io);
    expect(await status()).toBe("running");
    expect(other.exitCode).toBeNull();
    other.kill();
    await once(other, "exit");
  });

  test("is stopped when its QEMU was killed, and starts again", async () => {
    process.kill((await processOf(machine, io)) ?? 0, "SIGKILL");
    await expect.poll(status).toBe("stopped");
    await launch(machine, io);
    expect(await status()).toBe("running");
  });

  test("runs on where its store is moved, and starts there", async () => {
    const moved = { ...machine, dir: join(dirname(machine.dir), "moved") };
    await rename(machine.dir, moved.dir);
    expect(await qemu.inspect(moved, io)).toEqual({ status: "paused" });
    await qemu.kill?.(moved, io);
    await launch(moved, io);
    expect(await qemu.inspect(moved, io)).toEqual({ status: "running" });
    await qemu.remove(moved, io);
  });

  test("is known in the list of processes as other systems print it", async () => {
    const run: typeof io.run = async (file, args) => ({ stdout: await output(file, args), stderr: "", code: 0 });
    const pid = await processOf(machine, io);
    expect(await processesOf(machine.state, { run }, undefined, "darwin")).toEqual([pid]);
    expect(await processesOf(machine.state, { run }, pid, "darwin")).toEqual([pid]);
    expect(await processesOf(machine.state, { run }, process.pid, "darwin")).toEqual([]);
  });

  test("has its console told from its directory", async () => {
    const file = qemu.console?.(machine) ?? "";
    expect((await stat(file)).isFile()).toBe(true);
  });
});

/** For whom a minute of waiting is over at once. */
function inAHurry<T extends ReturnType<typeof realIo>>(io: T, times = 20): T {
  let ahead = 0;
  return {
    ...io,
    now: () => Date.now() + ahead,
    sleep: (ms: number) => {
      ahead += ms * times;
      return Promise.resolve();
    },
  };
}
