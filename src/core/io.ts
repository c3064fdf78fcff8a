import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MachineError, type Io, type Shell, type ShellTarget, type SshTarget } from "../driver/index.js";
import { machinePaths } from "../store/paths.js";
import type { SshConnection } from "../shell/ssh.js";
import type { Session } from "./session.js";

/** The real {@link Io} of one machine. `dir` is its directory in the store, where its host keys are pinned. */
export function machineIo(session: Session, machine: { readonly name: string; readonly dir: string }): Io {
  const connections = new Map<string, Promise<Shell & { readonly closed?: boolean }>>();
  return {
    ...providerIo(session),
    shell: async (target) => {
      const key = JSON.stringify(target);
      const open = connections.get(key);
      if (open !== undefined && (await open.catch(() => ({ closed: true }))).closed !== true) return open;
      const opening = openShell(session, machine, target);
      connections.set(key, opening);
      return opening;
    },
  };
}

/** The real {@link Io} for what is no one machine's: it has no shell. */
export function providerIo(session: Session): Io {
  const { store, env, signal } = session;
  return {
    env,
    signal,
    now: Date.now,
    report: (event) => {
      session.report(event);
    },
    lock: (name, work) => store.lockNamed(name, work, { wait: Number.POSITIVE_INFINITY }),
    sleep: (ms) =>
      sleep(ms, undefined, { signal }).catch((cause: unknown) => {
        throw new MachineError("interrupted", "interrupted", { cause });
      }),
    run: async (file, args, options) => {
      const { runProgram } = await import("../shell/exec.js");
      return runProgram(file, args, { ...options, env: { ...env, ...options?.env }, signal });
    },
    shell: () => Promise.reject(new MachineError("unsupported", "there is no machine whose shell could be used")),
  };
}

async function openShell(
  session: Session,
  machine: { readonly name: string; readonly dir: string },
  target: ShellTarget,
): Promise<Shell & { readonly closed?: boolean }> {
  if (target.kind === "ssh") return openSsh(session, machine.name, target);
  const { programShell } = await import("../shell/exec.js");
  return programShell(target.argv, { env: session.env, signal: session.signal });
}

/**
 * Connects by ssh with the host keys that are pinned in the machine's directory.
 * @param trust fingerprint of a host key that takes the place of the pinned one
 */
export async function openSsh(
  session: Session,
  name: string,
  target: SshTarget,
  trust?: string,
): Promise<SshConnection> {
  const { env, signal, tell, debug, ask } = session;
  const { connectSsh } = await import("../shell/ssh.js");
  const home = env["HOME"] ?? env["USERPROFILE"];
  const connection = await connectSsh(target, {
    machine: name,
    knownHosts: machinePaths(session.store.root, name).knownHosts,
    userKnownHosts: home === undefined ? undefined : join(home, ".ssh", "known_hosts"),
    trust,
    env,
    signal,
    askPassphrase: (keyPath) => ask(`Passphrase for ${keyPath}:`),
    notice: (line) => {
      tell(`(${name}) ${line}`);
    },
    debug,
  });
  session.onClose(() => connection.close());
  return connection;
}
