import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import type { NetConnectOpts } from "node:net";
import { platform as systemPlatform } from "node:os";
import { dirname, join } from "node:path";
import { MachineError, type Machine } from "../../src/driver/index.js";
import { escaped, type QemuState } from "./state.js";

/** Where a machine's QEMU answers: a socket, or a port on Windows, whose Node knows no sockets. */
export function monitorOf(machine: Machine<QemuState>, platform = systemPlatform()): NetConnectOpts {
  return platform === "win32" ? { host: "127.0.0.1", port: machine.state.MonitorPort } : { path: socketOf(machine) };
}

export function monitorArguments(machine: Machine<QemuState>, platform: NodeJS.Platform): readonly string[] {
  const place =
    platform === "win32"
      ? `host=127.0.0.1,port=${String(machine.state.MonitorPort)}`
      : `path=${escaped(socketOf(machine))}`;
  return ["-chardev", `socket,id=monitor,${place},server=on,wait=off`, "-mon", "chardev=monitor,mode=control"];
}

/**
 * In the machine's directory where the path is short enough for a socket (103 bytes on macOS, 107 on Linux), else in a
 * folder of the user's in /tmp, named by the directory.
 */
export function socketOf({ dir }: Pick<Machine, "dir">): string {
  const own = join(dir, "qmp.sock");
  if (Buffer.byteLength(own) <= 103) return own;
  return join(
    `/tmp/machine-qemu-${String(process.getuid?.())}`,
    createHash("sha256").update(dir).digest("hex").slice(0, 16),
  );
}

/** Makes that folder where it is needed. @throws MachineError `failed` when it is somebody else's */
export async function makeSocketFolder(machine: Pick<Machine, "dir" | "name">): Promise<void> {
  const folder = dirname(socketOf(machine));
  if (folder === machine.dir) return;
  await mkdir(folder, { mode: 0o700 }).catch(() => undefined);
  const { uid, mode } = await lstat(folder);
  if (uid === process.getuid?.() && (mode & 0o77) === 0) return;
  throw new MachineError("failed", `${machine.name}: the folder ${folder} is open to others`, {
    hint: `remove it, or use a store whose path is shorter (--storage-path)`,
  });
}
