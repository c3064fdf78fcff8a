import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { examine, type Examination } from "../../src/core/doctor/doctor.js";
import { openSession, type Session } from "../../src/core/session/session.js";
import { MachineError, ok, warning, type Check, type Driver, type Status } from "../../src/driver/index.js";
import { newConfig } from "../../src/store/config.js";
import type { Journal } from "../../src/store/journal.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "machine-store-"));
});
afterEach(() => rm(root, { recursive: true }));

function driverWith(verbs: Partial<Driver>): Driver {
  return { name: "fake", options: {}, access: () => ({ docker: "" }), ...verbs } as unknown as Driver;
}

function driverThatSays(...checks: readonly Check[]): Driver {
  return driverWith({ doctor: () => Promise.resolve(checks) });
}

function sessionWith(driver: Driver): Session {
  const session = openSession({
    ...{ env: {}, signal: new AbortController().signal, storagePath: root, command: "test" },
    ...{ report: () => undefined, tell: () => undefined, debug: () => undefined },
    ask: () => Promise.resolve("a secret"),
    tls: { tlsCaCert: undefined, tlsCaKey: undefined, tlsClientCert: undefined, tlsClientKey: undefined },
  });
  return { ...session, findDriver: () => Promise.resolve(driver) };
}

async function putMachine({ store }: Session, name: string, unfinished?: Journal["phase"]): Promise<void> {
  const state = { MachineName: name, IPAddress: "", SSHUser: "", SSHPort: 0, SSHKeyPath: "", StorePath: root };
  const swarm = { SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" };
  const config = newConfig({ name, root, driverName: "fake", driver: { ...state, ...swarm } });
  await store.claim(name, config, { phase: unfinished ?? "create", done: [], settings: {} });
  if (unfinished === undefined) await store.removeJournal(name);
}

/** What is said of drivers and machines, `TITLE: LEVEL WHAT: TEXT; HINT`. */
async function lines(session: Session, driver: Driver, more: Partial<Examination> = {}): Promise<readonly string[]> {
  const sections = await examine(session, {
    ...{ drivers: [driver], wanted: undefined, limit: 5_000, machines: await session.store.list() },
    valuesOf: () => Promise.resolve({}),
    ...more,
  });
  return sections
    .filter(({ title }) => !title.startsWith("store"))
    .flatMap(({ title, results }) =>
      results.map(({ level, what, text, hint = "" }) => `${title}: ${level} ${what}: ${text}; ${hint}`),
    );
}

describe("checks of a driver", () => {
  test("say what is in order and what is not, and a silent one nothing", async () => {
    const driver = driverThatSays(
      { what: "a", run: () => ok("there") },
      { what: "b", run: () => warning("slow", "hurry") },
      { what: "c", run: () => undefined },
      { what: "d", run: () => Promise.reject(new MachineError("precheck", "one\ntwo", { hint: "three" })) },
    );
    expect(await lines(sessionWith(driver), driver)).toEqual([
      "driver fake: ok a: there; ",
      "driver fake: warning b: slow; hurry",
      "driver fake: problem d: one; two; three",
    ]);
  });

  test("are given up when one does not answer, without the others, and have their io ended", async () => {
    const ended: string[] = [];
    const driver = driverThatSays(
      {
        what: "hung",
        run: ({ signal }) =>
          new Promise(() => {
            signal.addEventListener("abort", () => void ended.push("hung"));
          }),
      },
      { what: "quick", run: () => ok("there") },
    );
    expect(await lines(sessionWith(driver), driver, { limit: 20 })).toEqual([
      "driver fake: problem hung: there was no answer within 0.02 s; ",
      "driver fake: ok quick: there; ",
    ]);
    expect(ended).toEqual(["hung"]);
  });

  test("make a note of a program that is missing, unless the driver is asked for or a machine uses it", async () => {
    const cause = new MachineError("failed", "prog is not installed");
    const missing = new MachineError("precheck", "needs prog", { hint: "install it", cause });
    const driver = driverThatSays({ what: "prog", run: () => Promise.reject(missing) });
    const session = sessionWith(driver);
    expect(await lines(session, driver)).toEqual(["driver fake: note prog: needs prog; install it"]);
    expect(await lines(session, driver, { wanted: driver })).toEqual([expect.stringContaining("problem prog")]);
    await putMachine(session, "web", "provision");
    expect((await lines(session, driver))[0]).toContain("problem prog");
  });

  test("are none for a driver that needs nothing, and options that cannot be are a problem", async () => {
    const driver = driverWith({});
    expect(await lines(sessionWith(driver), driver)).toEqual([]);
    const wrong = new MachineError("usage", "--fake-port must be a whole number");
    const valuesOf = (): Promise<never> => Promise.reject(wrong);
    expect(await lines(sessionWith(driver), driverThatSays(), { valuesOf })).toEqual([
      "driver fake: problem options: --fake-port must be a whole number; ",
    ]);
  });
});

describe("a machine", () => {
  const stateOf = async (status: Status): Promise<string | undefined> => {
    const driver = driverWith({ inspect: () => Promise.resolve({ status }) });
    const session = sessionWith(driver);
    if (!(await session.store.has("web"))) await putMachine(session, "web");
    return (await lines(session, driver))[0];
  };

  test("is a problem when its driver misses it or calls it an error, not when it is stopped", async () => {
    expect(await stateOf("stopped")).toBe("machine web: ok state: Stopped; ");
    expect(await stateOf("running")).toBe("machine web: ok state: Running; ");
    expect(await stateOf("missing")).toMatch(
      /problem state: fake driver has no such machine any more; machine rm web$/,
    );
    expect(await stateOf("error")).toMatch(/problem state: .*machine kill web, then machine start web$/);
  });

  test.each([
    ["create", "create was cut off; machine create --resume web, or machine rm web"],
    ["provision", "not provisioned; machine provision web"],
  ] as const)("whose %s was cut off says how to go on, and nothing while a command is at work", async (phase, said) => {
    const driver = driverWith({ inspect: () => Promise.reject(new Error("asked")) });
    const session = sessionWith(driver);
    await putMachine(session, "web", phase);
    expect((await lines(session, driver))[0]).toBe(`machine web: problem state: ${said}`);
    await session.store.lock("web", async () => {
      expect((await lines(session, driver))[0]).toBe("machine web: ok state: a command is at work on it; ");
    });
  });
});
