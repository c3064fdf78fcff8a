import type { Client, ClientCallback, ClientChannel } from "ssh2";
import { MachineError, messageOf, type CommandResult, type ExecOptions } from "../../driver/index.js";
import { exitCode, gather, type OutputLines } from "../output.js";
import { withTimeout } from "../with-timeout.js";

/** A connection on which commands run. */
export interface Link {
  readonly client: Client;
  readonly machine: string;
  readonly signal: AbortSignal;
  /** Why the connection is gone; undefined while it stands. */
  lost(): string | undefined;
}

/** Runs one command; see `Shell.exec`. Neither the command nor its input shows up in an error. */
export function execute(
  link: Link,
  command: string,
  { input, onLine, timeout = 600_000 }: ExecOptions = {},
): Promise<CommandResult> {
  let open: ClientChannel | undefined;
  let output: OutputLines | undefined;
  const result = session(
    link,
    (callback) => link.client.exec(command, callback),
    async (channel) => {
      open = channel;
      output = gather(link.machine, channel, channel.stderr, onLine);
      const end = Promise.race([exit(channel), output.flooded]).catch((error: unknown) => {
        channel.close();
        throw error;
      });
      channel.end(input);
      const code = await end;
      if (code === undefined) throw broken(link, output.tail());
      return { stdout: output.stdout(), stderr: output.stderr(), code };
    },
  );
  return withTimeout(result, {
    signal: link.signal,
    deadline: {
      after: timeout,
      error: () =>
        new MachineError("unreachable", `${link.machine}: a command did not end within ${String(timeout / 1_000)} s`, {
          output: output?.tail(),
        }),
    },
    stop: () => open?.close(),
  });
}

/**
 * Opens a session and uses it; within a second where the host still holds the one before it to be in use, which sshd with
 * `MaxSessions 1` does for a moment. `use` begins before ssh2 reads on: the events of a command that ends at once
 * may be in the very packet that opened it.
 */
export function session<T>(
  link: Link,
  start: (callback: ClientCallback) => unknown,
  use: (channel: ClientChannel) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const open = (triesLeft: number): void => {
      if (link.lost() !== undefined) {
        reject(broken(link));
        return;
      }
      start((error, channel) => {
        if (error === undefined) use(channel).then(resolve, reject);
        else if (link.lost() !== undefined) reject(broken(link));
        else if (triesLeft > 0 && /open failed/i.test(error.message)) setTimeout(open, 100, triesLeft - 1);
        else reject(notOpened(link, error));
      });
    };
    open(10);
  });
}

/** The exit status of a channel's command; undefined when the channel ended without one. */
export function exit(channel: ClientChannel): Promise<number | undefined> {
  return new Promise((resolve) => {
    channel.once("close", (code?: number | null, signal?: string) => {
      resolve(exitCode(code, signal));
    });
  });
}

/** The error of a command whose channel ended without an exit status. */
export function broken(link: Link, output?: string): MachineError {
  const why = link.lost() ?? "the host ended the session without an exit status";
  return new MachineError("unreachable", `${link.machine}: ${why}`, {
    hint: "did the host go down, or the network on the way? try again when it is back",
    output,
  });
}

function notOpened({ machine }: Link, cause: Error): MachineError {
  return new MachineError("unreachable", `${machine}: the host opened no session: ${messageOf(cause)}`, {
    hint: "look at MaxSessions and ForceCommand in its sshd_config",
    cause,
  });
}
