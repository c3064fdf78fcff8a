import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, greets } from "../../../src/driver/index.js";

/** A virtual machine that runs. */
export interface Vm {
  /** On loopback, where its sshd is. */
  readonly port: number;
  /** Resolves when it has powered itself off; rejects where it has not after two minutes. */
  off(): Promise<void>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

export interface VmParts {
  /** A qcow2 file, which is written to. */
  readonly disk: string;
  /** An ISO image. */
  readonly seed?: string;
  /** Gets what its serial console prints. */
  readonly console: string;
  /** MACs of its interfaces; the first one reaches this computer, the others reach nobody. */
  readonly macs: readonly [string, ...string[]];
}

/**
 * Starts a machine by QEMU and waits until its sshd greets. It goes with this process, however that ends. Rejects with
 * the end of its console after nine minutes.
 */
export async function bootVm(parts: VmParts): Promise<Vm> {
  const port = await freePort(new Set());
  const args = ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...machineArguments(parts, port)];
  const child = spawn("setpriv", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const closed = once(child, "close");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await closed;
  };
  const off = async (): Promise<void> => {
    const isOff = await Promise.race([closed.then(() => true), sleep(120_000, false, { ref: false })]);
    if (!isOff) throw new Error("the machine does not power itself off");
  };
  const end = Date.now() + 540_000;
  while (!(await greets(port))) {
    if (child.exitCode === null && Date.now() < end) {
      await sleep(500);
      continue;
    }
    await kill();
    const printed = await readFile(parts.console, "latin1").catch(() => "");
    throw new Error(`the machine does not greet by ssh\n${said}${printed.slice(-2_000)}`);
  }
  return { port, off, kill };
}

function machineArguments({ disk, seed, console, macs: [first, ...others] }: VmParts, port: number): string[] {
  return [
    ...["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"],
    ...["-nodefaults", "-display", "none", "-serial", `file:${console}`],
    ...["-drive", `file=${disk},if=virtio,format=qcow2`],
    ...(seed === undefined ? [] : ["-drive", `file=${seed},if=virtio,format=raw,readonly=on`]),
    ...["-netdev", `user,id=net0,hostfwd=tcp:127.0.0.1:${String(port)}-:22`],
    ...["-device", `virtio-net-pci,netdev=net0,mac=${first}`],
    ...others.flatMap((mac, index) => {
      const id = `net${String(index + 1)}`;
      return [
        "-netdev",
        `hubport,id=${id},hubid=${String(index)}`,
        "-device",
        `virtio-net-pci,netdev=${id},mac=${mac}`,
      ];
    }),
  ];
}
