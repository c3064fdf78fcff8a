import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { changePower } from "../../src/core/manage/power.js";
import type { Session } from "../../src/core/session/session.js";
import type { Driver, DriverState, Status } from "../../src/driver/index.js";
import { newConfig } from "../../src/store/config.js";
import { openStore, type Store } from "../../src/store/store.js";

let root: string;
let store: Store;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "machine-store-"));
  store = openStore(root, { command: "test" });
  const config = newConfig({ name: "web-1", root, driverName: "fake", driver: state });
  await store.claim("web-1", config, { phase: "create", done: [], settings: {} });
});
afterEach(() => rm(root, { recursive: true }));

const state: DriverState = {
  IPAddress: "192.0.2.7",
  MachineName: "web-1",
  SSHUser: "",
  SSHPort: 0,
  SSHKeyPath: "",
  StorePath: "",
  SwarmMaster: false,
  SwarmHost: "",
  SwarmDiscovery: "",
};

/** A session with a driver whose machine goes through these states, one at each look. */
function session(states: Status[], verbs: Partial<Driver> = {}): Session {
  const driver = {
    name: "fake",
    summary: "",
    options: {},
    create: [],
    access: () => ({ docker: "" }),
    inspect: () =>
      Promise.resolve({
        status: (states.length > 1 ? states.shift() : states[0]) ?? "missing",
        state: { IPAddress: "192.0.2.8" },
      }),
    ...verbs,
  } as unknown as Driver;
  const { signal } = new AbortController();
  return {
    store,
    signal,
    env: { HOME: root },
    command: "test",
    findDriver: () => Promise.resolve(driver),
  } as unknown as Session;
}

const nobody = (): Promise<undefined> => Promise.resolve(undefined);
const done = (): Promise<void> => Promise.resolve();

describe("changePower", () => {
  test("waits until the machine runs and saves its new address", async () => {
    await changePower(session(["stopped", "starting", "running"], { start: done }), "web-1", "start", nobody);
    expect((await store.read("web-1")).config.Driver.IPAddress).toBe("192.0.2.8");
  });

  test("says in docker-machine's words that the machine is so already", async () => {
    const verbs = { start: done, stop: done };
    await expect(changePower(session(["running"], verbs), "web-1", "start", nobody)).rejects.toThrow(
      'Machine "web-1" is already running.',
    );
    await expect(changePower(session(["stopped"], verbs), "web-1", "stop", nobody)).rejects.toThrow(
      'Machine "web-1" is already stopped.',
    );
  });

  test("stops and starts a machine whose driver cannot restart", async () => {
    const calls: string[] = [];
    const verb = (name: string) => (): Promise<void> => {
      calls.push(name);
      return Promise.resolve();
    };
    await changePower(session(["running"], { start: verb("start"), stop: verb("stop") }), "web-1", "restart", nobody);
    expect(calls).toEqual(["stop", "start"]);
  });

  test("refuses a verb that the driver lacks", async () => {
    await expect(changePower(session(["running"]), "web-1", "kill", nobody)).rejects.toMatchObject({
      code: "unsupported",
      message: "fake driver does not support kill",
    });
  });

  test("starts nothing when the machine is removed while start waits for its lock", async () => {
    let isStarted = false;
    const start = (): Promise<void> => {
      isStarted = true;
      return Promise.resolve();
    };
    let starting: Promise<unknown> = Promise.resolve();
    await store.lock("web-1", async () => {
      starting = changePower(session(["stopped", "running"], { start }), "web-1", "start", nobody).catch(String);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await store.remove("web-1");
    });
    expect(await starting).toContain('Docker machine "web-1" does not exist');
    expect(isStarted).toBe(false);
  });

  test("calls the driver once when two starts meet", async () => {
    let calls = 0;
    let status: Status = "stopped";
    const start = (): Promise<void> => {
      calls++;
      status = "running";
      return Promise.resolve();
    };
    const inspect: Driver["inspect"] = () => Promise.resolve({ status });
    const one = (): Promise<void> => changePower(session([], { start, inspect }), "web-1", "start", nobody);
    const ends = await Promise.allSettled([one(), one()]);
    expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(calls).toBe(1);
  });
});
