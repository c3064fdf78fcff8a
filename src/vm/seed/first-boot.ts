import { isMachineError, MachineError, type CommandResult, type Io, type Shell } from "../../driver/index.js";
import { cleanConsole, consoleTail } from "./console.js";

/** Seconds: packages that the user's own cloud-config wants take their time. */
const limit = 1_800;

/**
 * Waits until cloud-init is done, over the restarts that the user's own cloud-config may ask for, and keeps it from
 * running again, so that the seed may be taken away. A machine without cloud-init's program has nothing to wait for; a
 * notice says so. What the machine needs of it is proven by the login; where it failed at something else, a notice says at
 * what.
 * @param connect logs in, as often as the machine restarts
 * @param console file of the machine's serial console
 * @returns the last connection
 * @throws MachineError `failed` where it does not end, with what it says and the end of the console; `unreachable`
 */
export async function finishFirstBoot(
  machine: string,
  connect: () => Promise<Shell>,
  io: Io,
  console: string,
): Promise<Shell> {
  const end = io.now() + limit * 1_000;
  for (;;) {
    const shell = await connect();
    const code = await waitIn(shell);
    if (code !== undefined || io.now() >= end) {
      await conclude(machine, shell, io, console, code ?? late);
      return shell;
    }
    io.output("the machine is restarting; waiting for it");
    await io.sleep(2_000);
  }
}

/** cloud-init's status; undefined where the machine goes down meanwhile. */
async function waitIn(shell: Shell): Promise<number | undefined> {
  try {
    // Some minutes more than the command's own limit: it is the one to say so.
    const { code } = await shell.exec(waiting, { timeout: (limit + 300) * 1_000 });
    return ended.includes(code) ? undefined : code;
  } catch (error) {
    if (isMachineError(error) && error.code === "unreachable") return undefined;
    throw error;
  }
}

/** Of a command that was ended by a signal, or of a shell whose sshd was. */
const ended = [129, 137, 143, 255];

async function conclude(machine: string, shell: Shell, io: Io, console: string, code: number): Promise<void> {
  if (code === noCloudInit) {
    io.notice("the machine has no cloud-init that could be asked; going on as it answers");
    return;
  }
  if (code === late) throw await failure(machine, shell, console);
  if (code !== 0) {
    const what = code === 2 ? "cloud-init reported warnings" : "cloud-init reported errors";
    const details = code === 2 ? [] : (await statusIn(shell)).split("\n").filter((line) => line.includes("("));
    io.notice([what, ...details, `machine ssh ${machine} cloud-init status --long shows more`].join("; "));
  }
  const { code: status, stderr } = await shell.exec(disabling);
  if (status === 0) return;
  throw new MachineError("failed", `${machine}: cloud-init could not be kept from running again`, {
    hint: "the machine's user needs sudo without a password",
    output: cleanConsole(stderr).trim(),
  });
}

/** Of timeout(1). */
const late = 124;

const noCloudInit = 90;

// The login shell may be any: it gets one word to hand on. Its path lacks sbin and local folders on some systems.
const path = "PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

const waiting = `sh -c '${path}; command -v cloud-init >/dev/null || exit ${String(noCloudInit)}; timeout ${String(limit)} cloud-init status --wait >/dev/null'`;

const telling = `sh -c '${path}; cloud-init status --long'`;

const disabling = "sudo -n touch /etc/cloud/cloud-init.disabled";

async function statusIn(shell: Shell): Promise<string> {
  const said: Partial<CommandResult> = await shell.exec(telling, { timeout: 60_000 }).catch(() => ({}));
  return cleanConsole(`${said.stdout ?? ""}${said.stderr ?? ""}`).trim();
}

async function failure(machine: string, shell: Shell, console: string): Promise<MachineError> {
  const what = `cloud-init is not done after ${String(limit / 60)} minutes`;
  return new MachineError("failed", `${machine}: ${what}`, {
    hint: "see /var/log/cloud-init.log and /var/log/cloud-init-output.log on the machine; the user data may be wrong",
    output: [await statusIn(shell), await consoleTail(console)].filter((text) => text !== "").join("\n"),
  });
}
