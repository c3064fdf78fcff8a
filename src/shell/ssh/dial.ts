import { platform } from "node:os";
import type { Duplex } from "node:stream";
import ssh2, { type Client, type ConnectConfig, type NextAuthHandler, type ServerHostKeyAlgorithm } from "ssh2";
import { fingerprintOf, isMachineError, fileFailure } from "../../driver/index.js";
import {} from "../known-hosts.js";
import { withTimeout } from "../with-timeout.js";
import type { Credential } from "./auth.js";
import { closedEarly, explain, loginRefused, tooLate, type Attempt, type ConnectionFailure } from "./failure.js";
import type { HostKeyCheck } from "./host-key.js";

/** How one host is dialled. */
export interface Dial {
  readonly machine: string;
  /** Name of the host in messages, e.g. `192.0.2.7 port 22`. */
  readonly host: string;
  readonly user: string;
  readonly check: HostKeyCheck;
  readonly credentials: readonly Credential[];
  /** Once it is connected the socket leads to the host: a proxy may still be on its way there. */
  readonly direct: boolean;
  /** Milliseconds for connection, handshake and login; the time a person takes for a passphrase does not count. */
  readonly timeout: number;
  /** Milliseconds between two signs of life; the third one missed ends the connection. */
  readonly keepalive: number;
  readonly signal: AbortSignal;
  readonly notice: (line: string) => void;
  readonly debug?: ((line: string) => void) | undefined;
}

/**
 * Makes one SSH connection over a socket that is connected or connecting: checks the host key, logs in.
 * @throws MachineError `untrusted`, `unreachable`, `failed` (login refused), `interrupted`
 */
export async function dial(to: Dial, socket: Duplex): Promise<Client> {
  const client = new ssh2.Client();
  const attempt: Attempt = { ...to, phase: "connect", tried: [], accepts: [] };
  const stop = (): void => {
    client.destroy();
    socket.destroy();
  };
  try {
    await withTimeout(logIn(client, socket, to, attempt), { signal: to.signal, stop });
    return client;
  } catch (error) {
    stop();
    throw error;
  }
}

function logIn(client: Client, socket: Duplex, to: Dial, attempt: Attempt): Promise<void> {
  const { check, timeout, keepalive } = to;
  return new Promise((resolve, reject) => {
    let saved: Promise<void> = Promise.resolve();
    const fail = (error: unknown): void => {
      timer.stop();
      void saved.finally(() => {
        reject(isMachineError(error) ? error : explain(attempt, error as ConnectionFailure, platform()));
      });
    };
    const timer = pausableTimer(timeout, () => {
      fail(tooLate(attempt, timeout));
    });
    client
      .on("connect", () => {
        if (to.direct) attempt.phase = "handshake";
      })
      .on("handshake", () => {
        attempt.phase = "login";
        saved = save(to).catch(reject);
      })
      .on("ready", () => {
        timer.stop();
        attempt.phase = "ready";
        void saved.then(resolve);
      })
      .on("error", (error: ConnectionFailure) => {
        // A key that the agent refuses to use is passed over: ssh2 tries the next one.
        if (error.level !== "agent") fail(check.refusal() ?? error);
      })
      .on("close", () => {
        fail(closedEarly(attempt));
      })
      .connect({
        ...verified(check),
        sock: socket,
        username: to.user,
        authHandler: authHandler(to, attempt, timer, fail),
        readyTimeout: 0,
        keepaliveInterval: keepalive,
        keepaliveCountMax: 3,
        ...(to.debug === undefined ? {} : { debug: untilLogin(to.debug, attempt) }),
      });
  });
}

/**
 * ssh2 accepts every key without a `hostVerifier`, and also with one that returns a promise:
 * the verifier must be there and must return a boolean.
 */
function verified(check: HostKeyCheck): Pick<ConnectConfig, "hostVerifier" | "algorithms"> {
  return {
    hostVerifier: (key: Buffer): boolean => check.verify(key),
    algorithms: { serverHostKey: check.algorithms as ServerHostKeyAlgorithm[] },
  };
}

/** After the login ssh2 logs each command as a whole, with the secrets that may be in it. */
function untilLogin(debug: (line: string) => void, attempt: Attempt): (line: string) => void {
  return (line) => {
    if (attempt.phase !== "ready") debug(line);
  };
}

/** The handshake is done: the host holds the key that it showed. */
async function save({ machine, host, check, notice }: Dial): Promise<void> {
  const key = check.firstContact();
  if (key !== undefined)
    notice(`${machine}: first contact with ${host}: its ${key.type} key is ${fingerprintOf(key.base64)}`);
  try {
    await check.save();
  } catch (cause) {
    throw fileFailure(`${machine}: could not save the host key of ${host}`, cause);
  }
}

/** `none` comes first, as ssh does it: the answer lists what the host accepts, and a host may ask for nothing. */
function authHandler(
  { user, credentials }: Dial,
  attempt: Attempt,
  timer: PausableTimer,
  fail: (error: unknown) => void,
): NonNullable<ConnectConfig["authHandler"]> {
  let asked = false;
  const left = [...credentials];
  const proceed = async (next: NextAuthHandler): Promise<void> => {
    for (let credential = left.shift(); credential !== undefined; credential = left.shift()) {
      timer.pause();
      const method = await credential.method().finally(timer.restart);
      if (method === undefined) continue;
      attempt.tried = [...attempt.tried, credential.label];
      next(method);
      return;
    }
    fail(loginRefused(attempt, "permission denied"));
  };
  return (accepts: readonly string[] | null, _partial, next) => {
    attempt.accepts = accepts ?? [];
    if (asked) {
      proceed(next).catch(fail);
    } else {
      asked = true;
      next({ type: "none", username: user });
    }
  };
}

interface PausableTimer {
  readonly pause: () => void;
  /** Begins anew, with all of the time, unless it was stopped. */
  readonly restart: () => void;
  readonly stop: () => void;
}

function pausableTimer(timeout: number, late: () => void): PausableTimer {
  let stopped = false;
  let timer = setTimeout(late, timeout);
  const pause = (): void => {
    clearTimeout(timer);
  };
  return {
    pause,
    restart: () => {
      clearTimeout(timer);
      if (!stopped) timer = setTimeout(late, timeout);
    },
    stop: () => {
      stopped = true;
      pause();
    },
  };
}
