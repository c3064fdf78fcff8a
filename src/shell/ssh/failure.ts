import { MachineError } from "../../driver/index.js";

/** One connection that is being made, for messages. */
export interface Attempt {
  readonly machine: string;
  /** E.g. `192.0.2.7 port 22`. */
  readonly host: string;
  readonly user: string;
  phase: "connect" | "handshake" | "login" | "ready";
  /** What was used to log in. */
  tried: readonly string[];
  /** The ways to log in that the host offers, e.g. `publickey`; empty as long as it has not said. */
  accepts: readonly string[];
}

/** An error of a socket or of ssh2 (which adds `level`). */
export interface ConnectionFailure extends Error {
  readonly level?: string;
  readonly code?: unknown;
}

/** What an error means that came before the login: `failed` for a refused login, else `unreachable`. */
export function explain(attempt: Attempt, error: ConnectionFailure, system: string): MachineError {
  const { machine, host, phase } = attempt;
  if (phase === "login" && error.level !== "client-socket") return loginRefused(attempt, error.message, error);
  if (error.message === "Connection lost before handshake") return closedEarly(attempt, error);
  const code = typeof error.code === "string" ? error.code : "";
  const [what, hint] = causeOf(code, host, system) ?? [`the SSH handshake with ${host} did not work: ${error.message}`];
  return new MachineError("unreachable", `${machine}: ${what}`, { hint, cause: error });
}

function causeOf(code: string, host: string, system: string): readonly [string, string] | undefined {
  switch (code) {
    case "ECONNREFUSED":
      return [`${host} refused the connection`, "is its SSH server running, and is the port the right one?"];
    case "ETIMEDOUT":
      return noAnswer(host);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return [
        `there is no route to ${host}`,
        system === "darwin"
          ? "is it running? macOS also says so without the permission: System Settings > Privacy & Security > Local Network"
          : "is it running, and are you in its network or VPN?",
      ];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return [`the name of ${host} was not found`, "is it spelled right, and does DNS work here?"];
    case "ECONNRESET":
    case "EPIPE":
      return [`${host} dropped the connection`, dropped];
    default:
      return undefined;
  }
}

function noAnswer(host: string): readonly [string, string] {
  return [`${host} does not answer`, "is it running, is the address right, does a firewall let you through?"];
}

const dropped = "too many logins at once or a ban (MaxStartups, fail2ban)? its log tells";

/** The connection ended without an error before the login. */
export function closedEarly({ machine, host, phase }: Attempt, cause?: unknown): MachineError {
  const when = phase === "login" ? "during the login" : "before the SSH handshake was done";
  return new MachineError("unreachable", `${machine}: ${host} closed the connection ${when}`, { hint: dropped, cause });
}

/** The time for connecting (milliseconds) was over. */
export function tooLate({ machine, host, phase }: Attempt, timeout: number): MachineError {
  const time = `within ${String(timeout / 1_000)} s`;
  const [what, hint] =
    phase === "connect"
      ? noAnswer(host)
      : phase === "handshake"
        ? [`${host} accepts connections but does not speak SSH`, "is the port the right one? if so, the host may hang"]
        : [`${host} did not finish the login`, "the host may be overloaded or wait for a name server"];
  return new MachineError("unreachable", `${machine}: ${what} (${time})`, { hint });
}

export function loginRefused(
  { machine, host, user, tried, accepts }: Attempt,
  why: string,
  cause?: unknown,
): MachineError {
  const means = tried.length === 0 ? "there is no key to try" : `tried: ${tried.join(", ")}`;
  return new MachineError("failed", `${machine}: ${host} refused the login of ${user}: ${why} (${means})`, {
    hint: refusedHint(user, tried, accepts),
    cause,
  });
}

function refusedHint(user: string, tried: readonly string[], accepts: readonly string[]): string {
  if (accepts.length > 0 && !accepts.includes("publickey")) return `the host accepts only: ${accepts.join(", ")}`;
  if (tried.length === 0) return "give the machine a key, or load one with ssh-add";
  return `is the public key in ~${user}/.ssh/authorized_keys of the host, and is the user's name right?`;
}
