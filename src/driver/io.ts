import { isMachineError, MachineError } from "./error.js";

/** What a finished command left. `code` is its exit status. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface ExecOptions {
  /** Written to the command's stdin, which is closed afterwards. Default: nothing. */
  readonly input?: string | Uint8Array;
  /** Called with each line of output as it arrives (both streams, without the line end). */
  readonly onLine?: (line: string) => void;
  /** What the command is for, in the machine's log: "install the engine". Default: the command itself. */
  readonly purpose?: string;
  /** Milliseconds after which the command is given up with an `unreachable` error. Default: 600,000. */
  readonly timeout?: number;
}

/** A place where commands for a machine run. One connection serves all of them. */
export interface Shell {
  /**
   * Runs `command` by the login shell of the machine's user and resolves with whatever exit status it has.
   * Rejects (`unreachable`) when the connection breaks or the time is over.
   */
  exec(command: string, options?: ExecOptions): Promise<CommandResult>;
}

/** How a machine's shell is reached: plain data, saved nowhere, derived from the saved state. */
export type ShellTarget = SshTarget | ExecTarget;

export interface SshTarget {
  readonly kind: "ssh";
  readonly host: string;
  /** Default 22. */
  readonly port: number;
  readonly user: string;
  /** Private key file; without one the agent and the user's default keys are tried. */
  readonly keyPath?: string;
  /** `SHA256:...` that the host key must have at the first contact; a key that is pinned already wins over it. */
  readonly hostKey?: string;
  /** Hosts to go through, first one first: `[user@]host[:port]`. */
  readonly jump?: readonly string[];
  /**
   * A program and its arguments whose stdin and stdout are the connection, in place of one to `host` or by way of
   * `jump` (ProxyCommand).
   */
  readonly proxy?: readonly string[];
}

/** A program that runs a command given as its last arguments `sh -c COMMAND`, e.g. `docker exec -i NAME`. */
export interface ExecTarget {
  readonly kind: "exec";
  readonly argv: readonly string[];
}

/**
 * Everything outside but files. One parameter, so that a test replaces it whole. A step is handed one of its own, whose
 * lines are shown as that step's.
 */
export interface Io {
  /** Runs a program, never a shell. Rejects when it cannot be started or exits with a status other than 0. */
  run(file: string, args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** The one connection of this command to the machine, opened at the first call. */
  shell(target: ShellTarget): Promise<Shell>;
  /** Runs `work` while no other process on this computer holds the lock of that name, however long that one takes. */
  lock<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Rejects with an `interrupted` error as soon as the signal aborts. */
  sleep(ms: number): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Shows a line of what goes on, e.g. of a program's output: for a moment, or not at all. */
  output(this: void, line: string): void;
  /** Shows a line that a person should know in any case. */
  notice(this: void, line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Set beside what {@link Io.env} holds; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with each line of output as it arrives (both streams, without the line end). */
  readonly onLine?: (line: string) => void;
}

export interface PollOptions {
  /** Milliseconds between two tries. Default 1,000. */
  readonly every?: number;
  /** Milliseconds after which waiting is given up. */
  readonly limit: number;
  /** Hint of the error when it is. */
  readonly hint?: string;
}

/**
 * Connects, and tries again for three minutes while the host is still coming up; a refused login or host key ends it at
 * once. The first failure is told, for a person who waits.
 * @throws the last failure
 */
export async function connectWithRetry(io: Io, target: ShellTarget): Promise<Shell> {
  let last: unknown;
  const once = async (): Promise<Shell | undefined> => {
    try {
      return await io.shell(target);
    } catch (error) {
      if (!isMachineError(error) || error.code !== "unreachable") throw error;
      if (last === undefined) io.notice(`${error.message}; trying again for 3 minutes`);
      last = error;
      return undefined;
    }
  };
  return poll(io, "ssh", { every: 3_000, limit: 180_000 }, once).catch((error: unknown) => {
    throw last === undefined || io.signal.aborted ? error : last;
  });
}

/**
 * Tries `probe` until it returns something else than undefined; the first try is made at once.
 * @throws MachineError `failed` after the limit: "gave up waiting for WHAT"
 */
export async function poll<T>(
  io: Pick<Io, "now" | "sleep">,
  what: string,
  { every = 1_000, limit, hint }: PollOptions,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const end = io.now() + limit;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (io.now() + every > end) {
      throw new MachineError("failed", `gave up waiting for ${what} after ${String(Math.round(limit / 1000))} s`, {
        hint,
      });
    }
    await io.sleep(every);
  }
}
