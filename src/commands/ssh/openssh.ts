import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshTargetOf, type Host } from "../../core/host/host.js";
import { inspect } from "../../core/inspect/inspect.js";
import { openSsh } from "../../core/session/io.js";
import type { Session } from "../../core/session/session.js";
import { stateWord } from "../../core/inspect/status.js";
import { MachineError } from "../../driver/index.js";
import type { Terminal } from "../../ui/terminal.js";

/**
 * The machine as it can be reached by SSH now.
 * @param doing the beginning of the error where it does not run
 * @throws MachineError `unsupported` for a machine without ssh
 */
export async function runningHost(session: Session, saved: Host, doing: string): Promise<Host> {
  const { name } = saved;
  sshTargetOf(saved);
  const { status, host } = await inspect(session, saved, { lock: "try" });
  if (status === "running") return host;
  throw new MachineError("failed", `${doing}: Host "${name}" is not running`, {
    hint: `machine status ${name} says ${stateWord(status)}`,
  });
}

/** Runs `work` with a configuration file for the programs of OpenSSH in which the machines have their names. */
export async function withOpenSsh<T>(
  session: Session,
  hosts: readonly Host[],
  work: (config: string) => Promise<T>,
): Promise<T> {
  const [{ opensshConfig }, { opensshHost }] = await Promise.all([
    import("../../shell/openssh.js"),
    import("../../core/clients/ssh-config.js"),
  ]);
  // The programs accept only pinned keys: at the first contact ours is made before.
  await Promise.all(hosts.map((host) => openSsh(session, host.name, sshTargetOf(host))));
  const dir = await mkdtemp(join(tmpdir(), "machine-ssh-"));
  try {
    const config = join(dir, "config");
    await writeFile(config, opensshConfig(hosts.map(opensshHost)), { mode: 0o600 });
    return await work(config);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * Runs a program in the terminal and resolves with its exit status.
 * @param use what it is needed for, should it be missing: `use the scp feature`
 */
export function runProgram(use: string, file: string, args: readonly string[], terminal: Terminal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: [terminal.stdin, terminal.stdout, terminal.stderr] as never,
      env: terminal.env,
    });
    child.on("error", (cause) => {
      reject(new MachineError("failed", `You must have a copy of the ${file} binary locally to ${use}`, { cause }));
    });
    child.on("close", (code, signal) => {
      resolve(code ?? (signal === null ? 1 : 130));
    });
  });
}
