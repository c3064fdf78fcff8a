import { MachineError, poll, type Io, isExpected } from "../../driver/index.js";
import { consoleTail, followConsole } from "./console.js";

/** A machine that comes up. */
export interface Boot {
  readonly name: string;
  /** File of what its serial console prints. */
  readonly console: string;
  /** Whether its sshd responds: a forwarded port accepts connections long before. */
  readonly sshResponds: () => Promise<boolean>;
  readonly isOn: () => Promise<boolean>;
}

/** How long it may take, in milliseconds: a computer without virtualization of its own needs minutes. */
const limit = 600_000;

const hint = "an image needs cloud-init with its data source NoCloud, sshd, and a console on the first serial port";

/**
 * Waits until sshd of a machine greets; what its console prints is shown meanwhile.
 * @param every milliseconds between two looks
 * @throws MachineError `failed` where it ends instead, or takes more than ten minutes, with the end of the console
 */
export function waitForBoot(boot: Boot, io: Io, every: number): Promise<void> {
  const { name, console } = boot;
  const newLines = followConsole(console);
  const tellNews = async (): Promise<void> => {
    for (const line of await newLines()) io.output(line);
  };
  return withConsole(console, async () => {
    await poll(io, `ssh of ${name}`, { every, limit }, async () => {
      if (await boot.sshResponds()) return true;
      // What it has printed is complete only after it has ended.
      const isOn = await boot.isOn();
      await tellNews();
      if (isOn) return undefined;
      throw new MachineError("failed", `${name}: the machine has ended instead of booting`);
    });
    await tellNews();
  });
}

/** Does something with a machine that boots; an error gets the end of what its console has printed. */
export async function withConsole<T>(console: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw error.with({ hint: error.hint ?? hint, output: error.output ?? (await consoleTail(console)) });
  }
}
