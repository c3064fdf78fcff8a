import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { MachineError, type Shell, type SshTarget, isExpected } from "../driver/index.js";
import { hostName } from "./known-hosts.js";
import { join, type AttachOptions, type Streams } from "./ssh/attach.js";
import { credentials } from "./ssh/auth.js";
import { dial } from "./ssh/dial.js";
import { hostKeyCheck } from "./ssh/host-key.js";
import { hopsOf, type Hop } from "./ssh/jump.js";
import { startProxy, type Proxy } from "./ssh/proxy.js";
import { execute, type Link } from "./ssh/session.js";
import { connectToSocket } from "./ssh/unix-socket.js";
import { limitConcurrency, withTimeout } from "./with-timeout.js";

export interface SshOptions {
  /** Name of the machine, in messages and of its host key. */
  readonly machine: string;
  /** The machine's known_hosts file; made when it is missing. */
  readonly knownHosts: string;
  /** The user's known_hosts file, which is only read. Default: none. */
  readonly userKnownHosts?: string | undefined;
  /** `SHA256:...` of a host key that takes the place of the pinned one, at the machine or at a jump host. */
  readonly trust?: string | undefined;
  /** `SSH_AUTH_SOCK` for the agent, `HOME` or `USERPROFILE` for the default keys, `TERM` for a terminal. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Asks for the passphrase of a key, up to three times. Undefined as an answer: nobody can be asked. */
  readonly askPassphrase?: ((keyPath: string) => Promise<string | undefined>) | undefined;
  /** Something a person should see: the host key at the first contact. */
  readonly notice: (line: string) => void;
  /** Lines of the protocol up to the login; no secret is in them. */
  readonly debug?: ((line: string) => void) | undefined;
  /** Milliseconds for each host on the way, up to the login. Default: 15,000. */
  readonly connectTimeout?: number;
  /** Milliseconds between two signs of life; when three are missed the connection is gone. Default: 15,000. */
  readonly keepalive?: number;
}

/** One connection; up to 5 commands run on it at once, the others wait. */
export interface SshConnection extends Shell {
  /** True when the connection is gone. */
  readonly closed: boolean;
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<string>;
  /** Joins a command, or the login shell, with streams; resolves with its exit status, 128+n for a signal. */
  attach(command: string | undefined, streams: Streams, options?: AttachOptions): Promise<number>;
  /** Connects to a unix socket on the host, as the user who logged in. @throws MachineError `unreachable` */
  toSocket(path: string): Promise<Duplex>;
  close(): Promise<void>;
}

/**
 * Connects to a machine, through its jump hosts or its proxy. Each host's key is checked: it must be the one pinned in the machine's
 * file, else at the first contact the target's fingerprint, else the one in the user's file;
 * an unknown host's key is told and pinned.
 * @throws MachineError `untrusted` (host key), `unreachable`, `failed` (key file, login), `interrupted`, `usage` (jump host)
 */
export async function connectSsh(target: SshTarget, options: SshOptions): Promise<SshConnection> {
  const legs: Leg[] = [];
  try {
    for (const hop of hopsOf(target)) legs.push(await connectHop(hop, legs.at(-1), target, options));
  } catch (error) {
    for (const { socket } of legs) socket.destroy();
    throw error;
  }
  return connection(legs, options);
}

/** The connection to one host, and the socket that it uses. */
interface Leg {
  readonly client: Client;
  readonly socket: Duplex;
}

async function connectHop(hop: Hop, through: Leg | undefined, target: SshTarget, options: SshOptions): Promise<Leg> {
  const { machine, signal, env, askPassphrase, notice, debug } = options;
  const { connectTimeout: timeout = 15_000, keepalive = 15_000 } = options;
  const host = placeOf(hop);
  const check = await hostKeyCheck({
    machine,
    host,
    alias: hop.jump ? hostName(hop.host, hop.port) : machine,
    userAlias: hostName(hop.host, hop.port),
    file: options.knownHosts,
    userFile: options.userKnownHosts,
    expected: hop.jump ? undefined : target.hostKey,
    trust: options.trust,
  });
  const login = { machine, user: hop.user, keyPath: target.keyPath, others: hop.jump, env, askPassphrase };
  const ways = await withTimeout(credentials(login), {
    signal,
    deadline: { after: timeout, error: () => silentAgent(machine) },
  });
  const proxy = target.proxy === undefined ? undefined : startProxy(target.proxy, env);
  const socket = proxy?.socket ?? (await openSocket(hop, through, options, timeout));
  const direct = proxy === undefined;
  const client = await dial(
    { machine, host, user: hop.user, check, credentials: ways, direct, timeout, keepalive, signal, notice, debug },
    socket,
  ).catch((error: unknown) => {
    throw proxy === undefined ? error : withComplaint(error, proxy);
  });
  return { client, socket };
}

/** The error with what the proxy said of it. */
function withComplaint(error: unknown, { complaint }: Proxy): unknown {
  return isExpected(error) ? error.with({ output: complaint() }) : error;
}

function silentAgent(machine: string): MachineError {
  return new MachineError("failed", `${machine}: the SSH agent does not answer`, {
    hint: "start a new one, or unset SSH_AUTH_SOCK to do without",
  });
}

function placeOf({ host, port, jump }: Hop): string {
  return `${jump ? "jump host " : ""}${host} port ${String(port)}`;
}

async function openSocket(hop: Hop, through: Leg | undefined, options: SshOptions, timeout: number): Promise<Duplex> {
  if (through !== undefined) return forward(through.client, hop, options, timeout);
  const { host, port } = hop;
  // Node gives each address of a name 250 ms only, too little for a far host that has two.
  return connect({ host, port, noDelay: true, autoSelectFamilyAttemptTimeout: 2_500 });
}

function forward(client: Client, hop: Hop, { machine, signal }: SshOptions, timeout: number): Promise<Duplex> {
  const fail = (why: string, cause?: unknown): MachineError =>
    new MachineError("unreachable", `${machine}: the jump host does not get to ${placeOf(hop)}: ${why}`, {
      hint: "can the jump host reach it, and does its sshd allow it (AllowTcpForwarding)?",
      cause,
    });
  const channel = new Promise<Duplex>((resolve, reject) => {
    client.on("error", (error) => {
      reject(fail(error.message, error));
    });
    client.forwardOut("127.0.0.1", 0, hop.host, hop.port, (error, stream) => {
      if (error === undefined) resolve(stream);
      else reject(fail(error.message, error));
    });
  });
  return withTimeout(channel, {
    signal,
    deadline: { after: timeout, error: () => fail(`no answer within ${String(timeout / 1_000)} s`) },
    stop: () => client.destroy(),
  });
}

function connection(legs: readonly Leg[], { machine, signal, env }: SshOptions): SshConnection {
  const client = legs.at(-1)?.client;
  if (client === undefined) throw new Error("no host to connect to");
  const { lost, gone, end } = watch(legs);
  const link: Link = { client, machine, signal, lost };
  // Half of what sshd allows by default: one that has ended may count still when the next one begins.
  const queue = limitConcurrency(5);
  return {
    get closed() {
      return lost() !== undefined;
    },
    lost: gone.then(() => lost() ?? "the connection was closed"),
    toSocket: (path) => connectToSocket(link, path),
    exec: (command, options) => queue(() => execute(link, command, options)),
    attach: (command, streams, options) => queue(() => join(link, command, streams, { term: env["TERM"], ...options })),
    close: () => {
      client.end();
      const timer = setTimeout(end, 1_000, "the connection was closed");
      return gone.finally(() => {
        clearTimeout(timer);
      });
    },
  };
}

interface Watch {
  /** Why the connection is gone; undefined while it stands. */
  readonly lost: () => string | undefined;
  /** Resolves when every leg has ended. */
  readonly gone: Promise<void>;
  readonly end: (why: string) => void;
}

/** Follows the legs: when one breaks, all end. */
function watch(legs: readonly Leg[]): Watch {
  let lost: string | undefined;
  const end = (why: string): void => {
    lost ??= why;
    for (const { socket } of legs) socket.destroy();
  };
  const endings = legs.map(
    ({ client }) =>
      new Promise<void>((resolve) => {
        client.on("error", ({ message }) => {
          end(message === "Keepalive timeout" ? "the host stopped answering" : `the connection broke: ${message}`);
        });
        client.on("end", () => {
          end("the connection was closed");
        });
        client.on("close", () => {
          end("the connection was closed");
          resolve();
        });
      }),
  );
  return { lost: () => lost, end, gone: Promise.all(endings).then(() => undefined) };
}
