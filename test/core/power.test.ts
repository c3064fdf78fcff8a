import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Host } from "../../src/core/host/host.js";
import { changePower } from "../../src/core/manage/power.js";
import type { Session } from "../../src/core/session/session.js";
import { fakeIo } from "../../src/driver/conformance.js";
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

/** A driver whose machine goes through these states, one at each look. */
function host(states: Status[], verbs: Partial<Driver> = {}): Host {
  const inspect = (): ReturnType<Driver["inspect"]> =>
    Promise.resolve({
      status: (states.length > 1 ? states.shift() : states[0]) ?? "missing",
      state: { IPAddress: "192.0.2.8" },
    });
  const driver = {
    name: "fake",
    summary: "",
    options: {},
    create: [],
    access: () => ({ docker: "" }),
    inspect,
    ...verbs,
  } as unknown as Driver;
  const machine = { name: "web-1", dir: store.dir("web-1"), state };
  return {
    ...machine,
    machine,
    driver,
    transport: "tls",
    io: fakeIo(),
    config: newConfig({ name: "web-1", root, driverName: "fake", driver: state }),
  };
}

function session(): Session {
  return { store } as Session;
}

const nobody = (): Promise<undefined> => Promise.resolve(undefined);

describe("power", () => {
  test("waits until the machine runs and saves its new address", async () => {
    const start = (): Promise<void> => Promise.resolve();
    await changePower(session(), host(["stopped", "starting", "starting", "running"], { start }), "start", nobody);
    expect((await store.read("web-1")).config.Driver.IPAddress).toBe("192.0.2.8");
  });

  test("says in docker-machine's words that it is so already", async () => {
    const verbs = { start: () => Promise.resolve(), stop: () => Promise.resolve() };
    await expect(changePower(session(), host(["running"], verbs), "start", nobody)).rejects.toThrow(
      'Machine "web-1" is already running.',
    );
    await expect(changePower(session(), host(["stopped"], verbs), "stop", nobody)).rejects.toThrow(
      'Machine "web-1" is already stopped.',
    );
  });

  test("stops and starts where the driver cannot restart", async () => {
    const calls: string[] = [];
    const verb = (name: string) => (): Promise<void> => {
      calls.push(name);
      return Promise.resolve();
    };
    await changePower(session(), host(["running"], { start: verb("start"), stop: verb("stop") }), "restart", nobody);
    expect(calls).toEqual(["stop", "start"]);
  });

  test("cannot do what the driver leaves out", async () => {
    await expect(changePower(session(), host(["running"]), "kill", nobody)).rejects.toMatchObject({
      code: "unsupported",
      message: "fake driver does not support kill",
    });
  });

  test("gives up on a machine that never gets there", async () => {
    const stuck = host(["running"], { stop: () => Promise.resolve() });
    await expect(changePower(session(), stuck, "stop", nobody)).rejects.toThrow(
      "gave up waiting for web-1 to be stopped",
    );
  });
});
