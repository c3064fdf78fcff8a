import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshTargetOf, type Host } from "../core/host.js";
import { openSsh } from "../core/io.js";
import type { Session } from "../core/session.js";
import { stateWord } from "../core/status.js";
import { MachineError, type SshTarget } from "../driver/index.js";
import type { Terminal } from "../ui/terminal.js";

/** A machine that the programs of OpenSSH can reach. */
export interface Reachable {
  readonly host: Host;
  readonly target: SshTarget;
}

/** How SSH reaches a machine that runs. @param doing the beginning of the error where it does not */
export async function sshTarget(host: Host, doing: string): Promise<SshTarget> {
  const target = sshTargetOf(host);
  const { status } = await host.driver.inspect(host.machine, host.io);
  if (status === "running") return target;
  throw new MachineError("failed", `${doing}: Host "${host.name}" is not running`, {
    hint: `machine status ${host.name} says ${stateWord(status)}`,
  });
}

/** Runs `work` with a configuration file for the programs of OpenSSH in which the machines have their names. */
export async function withOpenSsh<T>(
  session: Session,
  machines: readonly Reachable[],
  work: (config: string) => Promise<T>,
): Promise<T> {
  const [{ opensshConfig }, { opensshHost }] = await Promise.all([
    import("../shell/openssh.js"),
    import("../core/ssh-config.js"),
  ]);
  const hosts = machines.map(({ host }) => opensshHost(host));
  // The programs accept only pinned keys: at the first contact ours is made before.
  await Promise.all(machines.map(({ host, target }) => openSsh(session, host.name, target)));
  const dir = await mkdtemp(join(tmpdir(), "machine-ssh-"));
  try {
    const config = join(dir, "config");
    await writeFile(config, opensshConfig(hosts), { mode: 0o600 });
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
