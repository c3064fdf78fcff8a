import type { Io, ShellTarget } from "./io.js";

/** A container has the kernel of its host, so the time at which its first process started belongs to it. */
const command = "cat /proc/sys/kernel/random/boot_id && cut -d ' ' -f 22 /proc/1/stat";

/**
 * Tells the present run of a host's system from any other; undefined: the host does not answer.
 * @see https://docs.kernel.org/admin-guide/sysctl/kernel.html#random
 */
export async function bootIdOf(io: Io, target: ShellTarget): Promise<string | undefined> {
  try {
    const shell = await io.shell(target);
    const { code, stdout } = await shell.exec(command, { purpose: "read the host's boot id", timeout: 10_000 });
    return code === 0 ? stdout : undefined;
  } catch (error) {
    if (io.signal.aborted) throw error;
    return undefined;
  }
}
