import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { platform as systemPlatform } from "node:os";
import { isMachineError, MachineError, poll, type Io, type Machine } from "../../src/driver/index.js";
import { findAccelerator, programOf, type Accelerator } from "./accelerator.js";
import { commandLine } from "./command-line.js";
import { findFirmware } from "./firmware.js";
import { filesOf, type QemuState } from "./state.js";
import { makeSocketFolder } from "./monitor.js";
import { choosePorts } from "./ports.js";
import { processesOf } from "./process.js";

export interface LaunchOptions {
  /** Default: this computer's. */
  readonly platform?: NodeJS.Platform;
  /** It does not run until it is told to. */
  readonly isPaused?: boolean;
}

/**
 * Starts the machine's QEMU, which goes on by itself: with the processor's help where that can be, else emulated, which
 * is told. Returns its ports: those that it had; where somebody else has taken one, another one.
 */
export async function launch(
  machine: Machine<QemuState>,
  io: Io,
  { platform = systemPlatform(), isPaused = false }: LaunchOptions = {},
): Promise<Partial<QemuState>> {
  await makeSocketFolder(machine);
  const found = await findAccelerator(io, machine.state.Architecture, platform);
  let why = found.why;
  if (why === undefined) {
    try {
      return await launchWith(machine, io, { ...found, platform, isPaused });
    } catch (error) {
      if (!isOfQemu(error)) throw error;
      why = `QEMU does not start with ${found.accelerator} (${error.output.split("\n")[0] ?? ""})`;
    }
  }
  const ports = await launchWith(machine, io, { accelerator: "tcg", platform, isPaused }).catch((error: unknown) => {
    throw isOfQemu(error) ? failure(machine, error) : error;
  });
  io.notice(`it is emulated, which is slow: ${why}`);
  return ports;
}

async function launchWith(
  machine: Machine<QemuState>,
  io: Io,
  given: Required<LaunchOptions> & { readonly accelerator: Accelerator },
): Promise<Partial<QemuState>> {
  const files = filesOf(machine);
  const firmware = machine.state.Architecture === "arm64" ? (await findFirmware())?.code : undefined;
  const surroundings = { ...given, firmware, hasSeed: existsSync(files.seed) };
  for (let tries = 1; ; tries++) {
    const ports = await choosePorts(machine, io, given.platform);
    const ready = { ...machine, state: { ...machine.state, ...ports } };
    // QEMU empties it, and would make it readable for all.
    await writeFile(files.console, "", { mode: 0o600 });
    try {
      await run(ready, io, given.platform, commandLine(ready, surroundings));
      return ports;
    } catch (error) {
      // Somebody took a port in the meantime.
      const isTaken = isOfQemu(error) && /host forwarding rule|in use/i.test(error.output);
      if (!isTaken || tries === 3) throw error;
    }
  }
}

async function run(
  { name, state }: Machine<QemuState>,
  io: Io,
  platform: NodeJS.Platform,
  args: readonly string[],
): Promise<void> {
  const program = programOf(state.Architecture);
  if (platform !== "win32") {
    await io.run(program, args);
    return;
  }
  // QEMU for Windows cannot leave its caller.
  await io.run("powershell", ["-NoProfile", "-Command", startProcess(program, args)]);
  await poll(io, `the process of ${name}`, { every: 500, limit: 10_000 }, async () =>
    (await processesOf(state, io, undefined, platform)).length > 0 ? true : undefined,
  );
}

/** The command of PowerShell that starts a program without a window and does not wait for it. */
export function startProcess(program: string, args: readonly string[]): string {
  const quoted = args.map((arg) => (/[\s"]/.test(arg) ? `"${arg.replaceAll('"', String.raw`\"`)}"` : arg));
  const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  return `Start-Process -WindowStyle Hidden -FilePath ${literal(program)} -ArgumentList ${literal(quoted.join(" "))}`;
}

/** QEMU has said why it ends; other errors know themselves what to do. */
function isOfQemu(error: unknown): error is MachineError & { readonly output: string } {
  return isMachineError(error) && error.code === "failed" && error.output !== undefined;
}

function failure({ name, state }: Machine<QemuState>, error: MachineError & { readonly output: string }): MachineError {
  const { output } = error;
  const hint = /backing file/i.test(output)
    ? `the image of its disk is gone from the store; to get it again: machine image pull ${state.ImageURL}`
    : /allocate memory|set up guest memory/i.test(output)
      ? "this computer has too little memory: end something, or make the machine with less (--qemu-memory)"
      : /"write" lock/i.test(output)
        ? "another process has its disk open, e.g. a qemu-img"
        : undefined;
  return new MachineError("failed", `${name}: qemu does not start`, { hint, output, cause: error });
}
