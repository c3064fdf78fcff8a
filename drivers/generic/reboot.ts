import { MachineError, poll, type Io, type SshTarget } from "../../src/driver/index.js";

/** The kernel's boot id, and when its first process started: a container has the kernel of its host. */
const bootId = "cat /proc/sys/kernel/random/boot_id && cut -d ' ' -f 22 /proc/1/stat";
const readBootId = "read the host's boot id";

/**
 * Reboots the host over ssh and returns when it has come up again. Its boot id tells the new run of the system from
 * the old one that is still going down: a login alone would prove nothing.
 * @see https://docs.kernel.org/admin-guide/sysctl/kernel.html#random
 */
export async function reboot(target: SshTarget, io: Io): Promise<void> {
  const shell = await io.shell(target);
  const before = await shell.exec(bootId, { purpose: readBootId });
  const command = 'if [ "$(id -u)" = 0 ]; then shutdown -r now; else sudo -n shutdown -r now; fi';
  const { code, stderr } = await shell
    .exec(command, { purpose: "reboot the host", timeout: 30_000 })
    .catch(() => ({ code: 0, stderr: "" }));
  if (code !== 0) {
    throw new MachineError("failed", `could not reboot ${target.host}`, {
      output: stderr,
      hint: `rebooting takes root or sudo without a password for ${target.user}`,
    });
  }
  const hint = `look at its console, then try "ssh ${target.user}@${target.host}"`;
  await poll(io, `${target.host} to come up again`, { every: 3_000, limit: 180_000, hint }, async () => {
    try {
      const now = await (await io.shell(target)).exec(bootId, { purpose: readBootId, timeout: 10_000 });
      return now.code === 0 && now.stdout !== before.stdout ? true : undefined;
    } catch (error) {
      if (io.signal.aborted) throw error;
      return undefined;
    }
  });
}
