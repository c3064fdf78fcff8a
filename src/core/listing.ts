import { performance } from "node:perf_hooks";
import { isMachineError, MachineError, messageOf, type Status } from "../driver/index.js";
import type { MachineConfig } from "../store/config.js";
import type { Journal } from "../store/journal.js";
import type { BrokenMachine, StoredMachine } from "../store/store.js";
import { askVersion } from "./engine-version.js";
import { stateWord } from "./status.js";
import { certificatesEnd } from "./expiry.js";
import { machineIo } from "./io.js";
import { findDriver } from "./registry.js";
import type { Session } from "./session.js";

/** What `ls` and `active` know of a machine after asking it. */
export interface Listed {
  readonly name: string;
  readonly driverName: string;
  /** In docker-machine's words, e.g. `Running`, `Timeout`. */
  readonly state: string;
  readonly url: string;
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

/** Asks all machines at once; one that has not answered after `limit` milliseconds is a `Timeout`. */
export async function listMachines(
  session: Session,
  machines: readonly (StoredMachine | BrokenMachine)[],
  limit: number,
): Promise<Listed[]> {
  const rows = await Promise.all(
    machines.map((one) => ("error" in one ? Promise.resolve(brokenRow(one)) : withinLimit(session, one, limit))),
  );
  if (session.signal.aborted) throw new MachineError("interrupted", "interrupted");
  return rows;
}

async function withinLimit(session: Session, stored: StoredMachine, limit: number): Promise<Listed> {
  const { name, config } = stored;
  const tooLate = AbortSignal.timeout(limit);
  const signal = AbortSignal.any([session.signal, tooLate]);
  const late = new Promise<Listed>((resolve) => {
    const row = { ...row0, name, driverName: config.DriverName, state: "Timeout", config };
    tooLate.addEventListener(
      "abort",
      () => {
        resolve(row);
      },
      { once: true },
    );
    if (limit <= 0) resolve(row);
  });
  return Promise.race([late, ask({ ...session, signal }, stored)]);
}

const row0 = { url: "", dockerVersion: "", responseTime: 0, error: "" };

async function ask(session: Session, { name, dir, config }: StoredMachine): Promise<Listed> {
  const since = performance.now();
  const row = { ...row0, name, driverName: config.DriverName, config, certificatesEnd: await certificatesEnd(dir) };
  // Once the time is over nobody waits for the answer, and nothing more must be begun.
  const unlessLate = (failure: unknown): { readonly failure: unknown } => {
    if (session.signal.aborted) throw failure;
    return { failure };
  };
  try {
    const driver = await findDriver(config.DriverName);
    const machine = { name, dir, state: config.Driver };
    const { docker: url, shell } = driver.access(machine.state);
    const [answer, unfinished] = await Promise.all([
      askVersion(session, { name, dir, config }, driver).then((version) => ({ version }), unlessLate),
      session.store.readJournal(name),
    ]);
    const isUp = "version" in answer;
    const status: Status = isUp ? "running" : (await driver.inspect(machine, machineIo(session, machine))).status;
    return {
      ...row,
      state: stateWord(status),
      url: status === "running" ? url : "",
      dockerVersion: isUp ? `v${answer.version}` : "Unknown",
      responseTime: performance.now() - since,
      error: oneLine(
        errorOf(name, status, isUp || shell === undefined ? undefined : answer.failure, unfinished?.phase),
      ),
    };
  } catch (error) {
    if (!isMachineError(error)) throw error;
    return { ...row, state: "Error", error: oneLine(error.message) };
  }
}

function errorOf(name: string, status: Status, failure: unknown, unfinished: Journal["phase"] | undefined): string {
  if (unfinished === "create") return `create was cut off: machine create --resume ${name}, or machine rm ${name}`;
  if (unfinished === "provision") return `not provisioned: machine provision ${name}`;
  if (status !== "running" || failure === undefined) return "";
  return `Unable to query docker version: ${messageOf(failure)}`;
}

function brokenRow({ name, error }: BrokenMachine): Listed {
  return { ...row0, name, driverName: "not found", state: "Error", error: oneLine(error.message) };
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
