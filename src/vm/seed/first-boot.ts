import { MachineError, type CommandResult, type Io, type Shell } from "../../driver/index.js";
import { cleanConsole, consoleTail } from "./console.js";

/** Seconds: packages that the user's own cloud-config wants take their time. */
const limit = 1_800;

/**
 * Waits until cloud-init is done and keeps it from running again, so that the seed may be taken away. A machine without
 * cloud-init's program has nothing to wait for; a notice says so.
 * @param console file of the machine's serial console
 * @throws MachineError `failed` with what cloud-init says and the end of the console; `unreachable`
 */
export async function finishFirstBoot(machine: string, shell: Shell, io: Io, console: string): Promise<void> {
  // Some minutes more than the command's own limit: it is the one to say so.
  const { code } = await shell.exec(waiting, { timeout: (limit + 300) * 1_000 });
  if (code === noCloudInit) {
    io.notice("the machine has no cloud-init that could be asked; going on as it answers");
    return;
  }
  if (code === 2) io.notice(`cloud-init has warnings; \`machine ssh ${machine} cloud-init status --long\` tells them`);
  else if (code !== 0) throw await failure(machine, shell, console, code);
  const { code: status, stderr } = await shell.exec(disabling);
  if (status === 0) return;
  throw new MachineError("failed", `${machine}: cloud-init could not be kept from running again`, {
    hint: "the machine's user needs sudo without a password",
    output: cleanConsole(stderr).trim(),
  });
}

const noCloudInit = 90;

// The login shell may be any: it gets one word to hand on. Its path lacks sbin and local folders on some systems.
const path = "PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

const waiting = `sh -c '${path}; command -v cloud-init >/dev/null || exit ${String(noCloudInit)}
timeout ${String(limit)} cloud-init status --wait >/dev/null'`;

const telling = `sh -c '${path}; cloud-init status --long'`;

const disabling = "sudo -n touch /etc/cloud/cloud-init.disabled";

async function failure(machine: string, shell: Shell, console: string, code: number): Promise<MachineError> {
  const isLate = code === 124 || code === 143;
  const said: Partial<CommandResult> = await shell.exec(telling, { timeout: 60_000 }).catch(() => ({}));
  const status = cleanConsole(`${said.stdout ?? ""}${said.stderr ?? ""}`).trim();
  const what = isLate ? `cloud-init is not done after ${String(limit / 60)} minutes` : "cloud-init ended with errors";
  return new MachineError("failed", `${machine}: ${what}`, {
    hint: "see /var/log/cloud-init.log and /var/log/cloud-init-output.log on the machine; the user data may be wrong",
    output: [status, await consoleTail(console)].filter((text) => text !== "").join("\n"),
  });
}
