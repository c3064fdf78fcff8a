import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  MachineError,
  messageOf,
  type Io,
  type Shell,
  type ShellTarget,
  type SshTarget,
  interrupted,
} from "../../driver/index.js";
import { machinePaths } from "../../store/paths.js";
import type { SshConnection } from "../../shell/ssh.js";
import type { Session } from "./session.js";

/** The real {@link Io} of one machine. `dir` is its directory in the store, where its host keys are pinned. */
export function machineIo(session: Session, machine: { readonly name: string; readonly dir: string }): Io {
  const connections = new Map<string, Promise<Connection>>();
  return {
    ...providerIo(session),
    ...linesOf(session, { machine: machine.name }),
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

/** The part of an {@link Io} that shows lines: as those of a machine, or of one of its steps. */
export function linesOf(
  { report }: Pick<Session, "report">,
  of: { readonly machine: string; readonly step?: string },
): Pick<Io, "output" | "notice"> {
  return {
    output: (line) => {
      report({ type: "output", ...of, at: Date.now(), line });
    },
    notice: (line) => {
      report({ type: "notice", ...of, at: Date.now(), line });
    },
  };
}

/** The real {@link Io} for what is no one machine's: it has no shell, and its output goes to the debug log. */
export function providerIo(session: Session): Io {
  const { store, env, signal, tell, debug } = session;
  return {
    env,
    signal,
    now: Date.now,
    output: debug,
    notice: tell,
    lock: (name, work) => store.lockNamed(name, work, { wait: Number.POSITIVE_INFINITY }),
    sleep: (ms) =>
      sleep(ms, undefined, { signal }).catch((cause: unknown) => {
        throw interrupted(cause);
      }),
    run: async (file, args, options) => {
      const { runProgram } = await import("../../shell/exec.js");
      return runProgram(file, args, { ...options, env: { ...env, ...options?.env }, signal });
    },
    shell: () => Promise.reject(new MachineError("unsupported", "there is no machine whose shell could be used")),
  };
}

type Connection = Shell & { readonly closed?: boolean };

async function openShell(
  session: Session,
  { name }: { readonly name: string },
  target: ShellTarget,
): Promise<Connection> {
  if (target.kind === "ssh") return logged(session, name, await openSsh(session, name, target));
  const { programShell } = await import("../../shell/exec.js");
  return logged(session, name, programShell(target.argv, { env: session.env, signal: session.signal }));
}

/** The same shell, with each of its commands in the machine's log. */
function logged({ store, debug }: Session, name: string, shell: Connection): Connection {
  const { commandLog } = machinePaths(store.root, name);
  return {
    get closed() {
      return shell.closed ?? false;
    },
    exec: async (command, options) => {
      const since = Date.now();
      const note = async (end: { readonly exitCode: number | null; readonly error: string | null }): Promise<void> => {
        const { noteCommand } = await import("../../store/command-log.js");
        const [at, durationMs] = [new Date(since).toISOString(), Date.now() - since];
        await noteCommand(commandLog, { at, command: options?.purpose ?? command, durationMs, ...end }).catch(
          (error: unknown) => {
            debug(`(${name}) its log cannot be written: ${messageOf(error)}`);
          },
        );
      };
      try {
        const result = await shell.exec(command, options);
        await note({ exitCode: result.code, error: null });
        return result;
      } catch (error) {
        await note({ exitCode: null, error: messageOf(error) });
        throw error;
      }
    },
  };
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
  const { connectSsh } = await import("../../shell/ssh.js");
  const home = env["HOME"] || env["USERPROFILE"];
  const connection = await connectSsh(target, {
    machine: name,
    knownHosts: machinePaths(session.store.root, name).knownHosts,
    userKnownHosts: !home ? undefined : join(home, ".ssh", "known_hosts"),
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
