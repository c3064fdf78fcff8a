import { setMaxListeners } from "node:events";
import { engineInUse } from "../../docker/client-config.js";
import type { CallOptions } from "../../docker/connection.js";
import { isMachineError, messageOf, type Status, interrupted } from "../../driver/index.js";
import type { MachineConfig } from "../../store/config.js";
import type { Journal } from "../../store/journal.js";
import type { BrokenMachine, StoredMachine } from "../../store/store.js";
import { limitConcurrency } from "../../shell/with-timeout.js";
import { clientUrl } from "../clients/url.js";
import { askVersion } from "../clients/engine-version.js";
import { stateWord, unfinished } from "./status.js";
import { certificatesValidity } from "../clients/cert-expiry.js";
import { openHost, type Host } from "../host/host.js";
import { askTogether, inspect, type AskProvider } from "./inspect.js";
import type { Session } from "../session/session.js";

/** What `ls` and `active` know of a machine after asking it. */
export interface Listed {
  readonly name: string;
  readonly driverName: string;
  /** In docker-machine's words, e.g. `Running`, `Timeout`. */
  readonly state: string;
  readonly url: string;
  /** It runs, and a docker client of this environment uses its engine. */
  readonly isActive: boolean;
  /** e.g. `v28.2.2`, or `Unknown`; empty where nothing could be asked. */
  readonly dockerVersion: string;
  /** Milliseconds. */
  readonly responseTime: number;
  /** One line; empty where all is well. */
  readonly error: string;
  /** Absent for a machine whose config.json cannot be read. */
  readonly config?: MachineConfig;
  readonly certificatesEnd?: Date | undefined;
}

export interface ListingOptions {
  /** Milliseconds after which a machine that has not answered is a `Timeout`. */
  readonly limit: number;
  /** Look when the certificates end. Default: no. */
  readonly certificates?: boolean;
}

/** Milliseconds, as Node has it: a longer timer would go off at once. */
const longestTimer = 2 ** 31 - 1;

/** Asks all machines at once, of very many some at a time. */
export async function listMachines(
  session: Session,
  machines: readonly (StoredMachine | BrokenMachine)[],
  options: ListingOptions,
): Promise<Listed[]> {
  const { limit } = options;
  const tooLate = AbortSignal.timeout(Math.min(limit, longestTimer));
  const late = new Promise<void>((resolve) => {
    tooLate.addEventListener("abort", () => {
      resolve();
    });
    if (limit <= 0) resolve();
  });
  const signal = AbortSignal.any([session.signal, tooLate]);
  // Node 20 warns of the eleventh listener.
  setMaxListeners(0, signal);
  // Nobody is asked for a passphrase: the machine's row says that one is needed.
  const limited: Session = { ...session, signal, ask: () => Promise.resolve(undefined) };
  const readable = machines.filter((one) => "config" in one);
  const call: Asking = {
    session: limited,
    contexts: new Map(),
    ask: askTogether(limited, readable),
    active: engineInUse(session.env),
    ...options,
  };
  // Each takes some files, of which a process may not have many.
  const few = limitConcurrency(300);
  const rows = machines.map((one) => {
    if ("error" in one) return Promise.resolve(brokenRow(one));
    const { name, config } = one;
    const row = { ...row0, name, driverName: config.DriverName, state: "Timeout", config };
    return Promise.race([late.then(() => row), few(() => rowOf(call, one))]);
  });
  const listed = await Promise.all(rows);
  if (session.signal.aborted) throw interrupted();
  return listed;
}

/** What the questions to all machines share. */
interface Asking extends Pick<ListingOptions, "certificates">, Required<Pick<CallOptions, "contexts">> {
  /** Its signal ends all of them. */
  readonly session: Session;
  readonly ask: AskProvider;
  /** URL of the engine in use. */
  readonly active: string | undefined;
}

const row0 = { url: "", isActive: false, dockerVersion: "", responseTime: 0, error: "" };

async function rowOf(call: Asking, stored: StoredMachine): Promise<Listed> {
  const { session, active, certificates } = call;
  const { name, dir, config } = stored;
  const since = performance.now();
  const validity = certificates === true ? certificatesValidity(dir) : undefined;
  const end = validity && new Date(validity.notAfter);
  const row = { ...row0, name, driverName: config.DriverName, config, certificatesEnd: end };
  try {
    const saved = await openHost(session, stored);
    const [{ host, status, version, failure }, journal] = await Promise.all([
      askEngine(call, saved),
      session.store.readJournal(name),
    ]);
    const { shell } = saved.driver.access(saved.state);
    const url = status === "running" ? await clientUrl(session, host) : "";
    return {
      ...row,
      state: stateWord(status),
      url,
      isActive: url !== "" && url === active,
      dockerVersion: version === undefined ? "Unknown" : `v${version}`,
      responseTime: performance.now() - since,
      error: oneLine(errorOf(name, status, shell === undefined ? undefined : failure, journal?.phase)),
    };
  } catch (error) {
    if (!isMachineError(error)) throw error;
    const { message, hint } = error;
    return { ...row, state: "Error", error: oneLine(hint === undefined ? message : `${message}: ${hint}`) };
  }
}

interface Answer {
  /** Where the machine is now. */
  readonly host: Host;
  readonly status: Status;
  /** The engine's; undefined: `failure` says why it did not answer. */
  readonly version?: string;
  readonly failure?: unknown;
}

/** Only where the engine does not answer is the provider asked why, and whether the machine is somewhere else by now. */
async function askEngine({ session, contexts, ask }: Asking, host: Host): Promise<Answer> {
  const asked = (now: Host): Promise<Pick<Answer, "version" | "failure">> =>
    askVersion(session, now, contexts).then(
      (version) => ({ version }),
      (failure: unknown) => {
        // Once the time is over nobody waits for the answer, and nothing more must be begun.
        if (session.signal.aborted) throw failure;
        return { failure };
      },
    );
  const answer = await asked(host);
  if (answer.version !== undefined) return { host, status: "running", ...answer };
  const { status, host: now } = await inspect(session, host, { lock: "none", ask });
  if (status !== "running" || now === host) return { host, status, ...answer };
  return { host: now, status, ...(await asked(now)) };
}

function errorOf(name: string, status: Status, failure: unknown, phase: Journal["phase"] | undefined): string {
  if (phase !== undefined) {
    const { message, hint = "" } = unfinished(name, phase);
    return `${message}: ${hint}`;
  }
  if (status !== "running" || failure === undefined) return "";
  return `Unable to query docker version: ${messageOf(failure)}`;
}

function brokenRow({ name, error }: BrokenMachine): Listed {
  return { ...row0, name, driverName: "not found", state: "Error", error: oneLine(error.message) };
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
