import { once } from "node:events";
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { commandLine } from "../../../drivers/qemu/command-line.js";
import qemu from "../../../drivers/qemu/index.js";
import { launch, startProcess } from "../../../drivers/qemu/launch.js";
import { filesOf } from "../../../drivers/qemu/state.js";
import { monitorOf, socketOf } from "../../../drivers/qemu/monitor.js";
import { processOf } from "../../../drivers/qemu/process.js";
import { ask } from "../../../drivers/qemu/qmp.js";
import { freePort, isFree, MachineError } from "../../../src/driver/index.js";
import { output } from "../../support/command.js";
import { bareMachine, exampleState, launched, removeAll } from "./support.js";

afterEach(removeAll);

describe("a machine that is started on a real QEMU", () => {
  test("has what was asked for, in a folder of any name", async () => {
    const state = { CPU: 3, Memory: 300, ShareFolders: ["/tmp:/mnt/a", "/var:/mnt/b"], Network: "socket" };
    const { machine } = await launched(state, "a,b c=d,,é");
    const query = (command: string): Promise<unknown> => ask(monitorOf(machine), command);
    expect(await query("query-cpus-fast")).toHaveLength(3);
    expect(await query("query-memory-size-summary")).toMatchObject({ "base-memory": 300 * 1024 ** 2 });
    expect(await query("query-uuid")).toEqual({ UUID: machine.state.MachineId });
    const pci = JSON.stringify(await query("query-pci"));
    expect(pci.match(/"device":4096\b/g), "network").toHaveLength(2);
    expect(pci.match(/"device":(4105|4169)\b/g), "shared folders").toHaveLength(2);
    expect(pci.match(/"device":(4101|4164)\b/g), "random numbers").toHaveLength(1);
  });

  test("has a log of its console and a socket that only the user may use", async () => {
    const { machine } = await launched();
    expect((await stat(filesOf(machine).console)).mode & 0o777).toBe(0o600);
    expect((await stat(filesOf(machine).pid)).mode & 0o077).toBe(0);
    expect(dirname(socketOf(machine))).toBe(machine.dir);
  });

  test("answers by a socket elsewhere where its folder's path is too long for one", async () => {
    const { machine, io } = await launched({}, join("x".repeat(60), "y".repeat(60)));
    expect(socketOf(machine)).toMatch(/^\/tmp\/machine-qemu-\d+\/[0-9a-f]{16}$/);
    expect((await stat(dirname(socketOf(machine)))).mode & 0o777).toBe(0o700);
    expect(await qemu.inspect(machine, io)).toEqual({ status: "paused" });
    await qemu.remove(machine, io);
    await expect(stat(socketOf(machine))).rejects.toThrow("ENOENT");
  });

  test("has ports that nobody else has, which are its own from then on", async () => {
    const { machine, io } = await launched();
    const { SSHPort, EnginePort } = machine.state;
    expect(await Promise.all([isFree(SSHPort), isFree(EnginePort)])).toEqual([false, false]);
    await qemu.kill?.(machine, io);
    expect(await launch(machine, io)).toMatchObject({ SSHPort, EnginePort });
  });

  test("takes another port where somebody has taken one", async () => {
    const { machine, io } = await launched();
    await qemu.kill?.(machine, io);
    const server = createServer().listen(machine.state.SSHPort, "127.0.0.1");
    await once(server, "listening");
    const changes = await launch(machine, io);
    server.close();
    expect(changes.EnginePort).toBe(machine.state.EnginePort);
    expect(changes.SSHPort).not.toBe(machine.state.SSHPort);
    expect(await isFree(changes.SSHPort ?? 0)).toBe(false);
  });

  test("does not take the ports of a neighbour that is stopped", async () => {
    const { machine, io } = await launched();
    const neighbour = join(dirname(machine.dir), "neighbour");
    await mkdir(neighbour);
    await writeFile(join(neighbour, "ports.json"), JSON.stringify([String(machine.state.EnginePort)]));
    await qemu.kill?.(machine, io);
    expect(await launch(machine, io)).not.toMatchObject({ EnginePort: machine.state.EnginePort });
  });

  test("is not started where the port that the user wants is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const EnginePort = (server.address() as { port: number }).port;
    await expect(launched({ EnginePort })).rejects.toMatchObject({
      message: `vm: port ${String(EnginePort)} of this computer is taken`,
      hint: expect.stringContaining("--qemu-engine-port") as string,
    });
    server.close();
  });

  test("is emulated where the processor cannot help, and that is told with the reason", async () => {
    const made = await bareMachine();
    const io = {
      ...made.io,
      run: (file: string, args: readonly string[]) =>
        args[0] === "-accel"
          ? Promise.resolve({ stdout: "Accelerators supported in QEMU binary:\ntcg\n", stderr: "", code: 0 })
          : made.io.run(file, args),
    };
    await launch(made.machine, io, { isPaused: true });
    const pid = await processOf(made.machine, io);
    expect(await readFile(`/proc/${String(pid)}/cmdline`, "utf8")).toContain("\0-accel\0tcg\0");
    expect(io.lines).toMatchObject([{ type: "notice", line: expect.stringMatching(/slow: .*without kvm/) as string }]);
    await made.remove();
  });

  test("is emulated where QEMU does not start otherwise, and that is told with QEMU's reason", async () => {
    const made = await bareMachine();
    const failure = new MachineError("failed", "qemu", { output: "ioctl(KVM_CREATE_VM) failed: 16 Device busy" });
    const io = {
      ...made.io,
      run: async (file: string, args: readonly string[]) => {
        if (args[0] === "-accel") return { stdout: "tcg\nhvf\n", stderr: "", code: 0 };
        if (args.includes("hvf")) throw failure;
        return made.io.run(file, args);
      },
    };
    await launch(made.machine, io, { isPaused: true, platform: "darwin" });
    expect(io.lines).toMatchObject([
      { type: "notice", line: expect.stringMatching(/slow: QEMU does not start with hvf \(.*Device busy\)/) as string },
    ]);
    await made.remove();
  });

  test("says what to do where its image is gone", async () => {
    const { machine, io, remove } = await bareMachine({ ImageURL: "debian-13" });
    const base = join(machine.dir, "base.raw");
    await writeFile(base, Buffer.alloc(1024 ** 2));
    await rm(filesOf(machine).disk);
    await output("qemu-img", [..."create -q -f qcow2 -F raw -b".split(" "), base, filesOf(machine).disk]);
    await rm(base);
    await expect(launch(machine, io)).rejects.toMatchObject({
      message: "vm: qemu does not start",
      hint: expect.stringMatching(/image .* is gone.*: machine image pull debian-13/) as string,
    });
    await remove();
  });

  test("leaves nothing when it is removed", async () => {
    const { machine, io } = await launched();
    await writeFile(filesOf(machine).seed, "");
    await qemu.remove(machine, io);
    expect(await readdir(machine.dir)).toEqual(["ports.json"]);
    expect(await qemu.inspect(machine, io)).toEqual({ status: "missing" });
  });
});

test("a command line of arm64 is one that QEMU takes, with snapshots", async () => {
  const { machine: bare, io, remove } = await bareMachine({ Architecture: "arm64", Network: "socket" });
  const state = { ...bare.state, SSHPort: await freePort(new Set()), EnginePort: await freePort(new Set()) };
  const machine = { ...bare, state };
  const firmware = join(machine.dir, "code,1.fd");
  for (const file of [firmware, filesOf(machine).firmware]) {
    await writeFile(file, "");
    await truncate(file, 64 * 1024 ** 2);
  }
  const given = { platform: "linux", accelerator: "tcg", firmware, hasSeed: false, isPaused: true } as const;
  await io.run("qemu-system-aarch64", commandLine(machine, given));
  await qemu.snapshots?.save(machine, "one", io);
  expect(await qemu.inspect(machine, io)).toEqual({ status: "paused" });
  await remove();
});

test("PowerShell gets a command line that Windows takes apart again as it was", () => {
  expect(startProcess("qemu", ["-name", "a b", "-x", "it's", 'say "hi"'])).toBe(
    `Start-Process -WindowStyle Hidden -FilePath 'qemu' -ArgumentList '-name "a b" -x it''s "say \\"hi\\""'`,
  );
});

test("on Windows QEMU is started by PowerShell, and asked by a port", async () => {
  const { machine, io, remove } = await bareMachine();
  const calls: string[] = [];
  const run = (file: string, args: readonly string[]) => {
    calls.push([file, ...args].join(" "));
    return Promise.resolve({ stdout: args[0] === "-accel" ? "whpx\ntcg\n" : "4711\n", stderr: "", code: 0 });
  };
  const changes = await launch(machine, { ...io, run }, { platform: "win32" });
  expect(calls[1]).toMatch(/^powershell .*Start-Process .*-accel whpx,kernel-irqchip=off .*host=127\.0\.0\.1,port=\d+/);
  expect(calls[1]).not.toContain("-daemonize");
  expect(calls[2]).toMatch(/Get-CimInstance Win32_Process .*Name LIKE 'qemu%'/);
  const state = { ...exampleState, ...changes };
  expect(monitorOf({ ...machine, state }, "win32")).toEqual({ host: "127.0.0.1", port: state.MonitorPort });
  expect(new Set([state.MonitorPort, state.SSHPort, state.EnginePort]).size).toBe(3);
  await remove();
});
