import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listMachines } from "../../src/core/inspect/list.js";
import { openSession, type Session } from "../../src/core/session/session.js";
import { MachineError, type Driver, type Inspection, type Machine } from "../../src/driver/index.js";
import { newConfig } from "../../src/store/config.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "machine-store-"));
});
afterEach(() => rm(root, { recursive: true }));

/** A session whose only driver is this one, and a store with machines of these names, whose engines nobody runs. */
async function sessionWith(verbs: Partial<Driver>, names: readonly string[]): Promise<Session> {
  const session = openSession({
    env: {},
    signal: new AbortController().signal,
    report: () => undefined,
    tell: () => undefined,
    debug: () => undefined,
    ask: () => Promise.resolve(undefined),
    storagePath: root,
    tls: { tlsCaCert: undefined, tlsCaKey: undefined, tlsClientCert: undefined, tlsClientKey: undefined },
    command: "test",
  });
  const driver = { name: "fake", access: () => ({ docker: "tcp://127.0.0.1:1" }), ...verbs } as unknown as Driver;
  for (const name of names) {
    const state = { MachineName: name, IPAddress: "", SSHUser: "", SSHPort: 0, SSHKeyPath: "", StorePath: root };
    const swarm = { SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" };
    const config = newConfig({ name, root, driverName: "fake", driver: { ...state, ...swarm } });
    await session.store.claim(name, config, { phase: "create", done: [], settings: {} });
    await session.store.removeJournal(name);
  }
  return { ...session, findDriver: () => Promise.resolve(driver) };
}

const nameOf = ({ name }: Machine): string => name;

async function list(session: Session): Promise<readonly string[]> {
  const rows = await listMachines(session, await session.store.list(), { limit: 5_000 });
  return rows.map(({ name, state, error }) => `${name} ${state} ${error}`.trimEnd());
}

test("a driver that can is asked once for all machines whose engine does not answer", async () => {
  const calls: (readonly string[])[] = [];
  const inspectAll = (machines: readonly Machine[]): Promise<ReadonlyMap<string, Inspection<never>>> => {
    calls.push(machines.map(nameOf));
    return Promise.resolve(new Map(machines.map(({ name }) => [name, { status: "stopped" }])));
  };
  const inspect = (): never => {
    throw new Error("asked alone");
  };
  const session = await sessionWith({ inspectAll, inspect }, ["a", "b", "c"]);
  expect(await list(session)).toEqual(["a Stopped", "b Stopped", "c Stopped"]);
  expect(calls).toEqual([["a", "b", "c"]]);
});

test("a machine that is left out is asked for alone, and its failure is its own", async () => {
  const inspectAll = (): Promise<ReadonlyMap<string, Inspection<never>>> =>
    Promise.resolve(new Map([["a", { status: "stopped" }]]));
  const inspect = ({ name }: Machine): Promise<Inspection<never>> =>
    name === "b"
      ? Promise.reject(new MachineError("failed", "b is of another account"))
      : Promise.resolve({ status: "missing" });
  const session = await sessionWith({ inspectAll, inspect }, ["a", "b", "c"]);
  expect(await list(session)).toEqual(["a Stopped", "b Error b is of another account", "c Missing"]);
});

test("when the one question fails, each machine says so", async () => {
  const inspectAll = (): Promise<never> => Promise.reject(new MachineError("failed", "no credentials"));
  const session = await sessionWith({ inspectAll }, ["a", "b"]);
  expect(await list(session)).toEqual(["a Error no credentials", "b Error no credentials"]);
});

test("a provider that does not answer keeps nobody waiting", async () => {
  const inspectAll = (): Promise<never> => new Promise(() => undefined);
  const session = await sessionWith({ inspectAll }, ["a", "b"]);
  const rows = await listMachines(session, await session.store.list(), { limit: 300 });
  expect(rows.map(({ state }) => state)).toEqual(["Timeout", "Timeout"]);
});
