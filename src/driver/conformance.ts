import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Driver, PowerAction } from "./driver.js";
import { commonState, type DriverState, type Machine, type Status } from "./machine.js";
import { isMachineError } from "./error.js";
import { poll, type Io } from "./io.js";
import { fakeIo, type Script } from "./fake-io.js";
import { fromEnv, names, resolve, type Given } from "./option.js";

export { fakeIo, type FakeIo, type Script } from "./fake-io.js";

export interface DriverCase {
  /** Options of a machine that can be planned, as a user gives them, by key. */
  readonly options: Given;
  /** Options that cannot, each with what the error says. */
  readonly refused: readonly { readonly options: Given; readonly error: RegExp }[];
  /** What programs and shells answer when the machine was never made or is gone. Default: nothing is asked. */
  readonly gone?: Script;
  /** The real world, where there is no machine, instead of such a script. */
  readonly io?: Io;
  /** What `inspect` says then. Default: `missing`. */
  readonly whenGone?: Status;
  /** A machine that runs, for a driver with verbs. It is stopped in the end. */
  readonly running?: RunningCase;
}

export interface RunningCase {
  readonly machine: () => Machine | Promise<Machine>;
  readonly io: Io;
  /** What no other run of the machine has, e.g. the id of its boot or of its process. */
  readonly run: (machine: Machine) => Promise<unknown>;
}

/** One check of the suite: hand it to the test runner, e.g. `test(name, run)`. It rejects with an AssertionError. */
export interface DriverCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/**
 * The suite that every driver runs, inside and outside: what core relies on and types cannot say.
 * Nothing outside is touched: `Io` is a fake unless one is given, the machine's directory a temporary one.
 */
export function driverChecks(driver: Driver, given: DriverCase): readonly DriverCheck[] {
  const { running } = given;
  const check = (name: string, run: () => void | Promise<void>): DriverCheck => ({ name, run: async () => run() });
  return [
    check("has a name that is a word of a flag, and a summary of one line", () => {
      assert.match(driver.name, /^[a-z][a-z0-9-]*$/);
      assert.match(driver.summary, /^\S.{5,100}$/);
    }),
    check("declares options with help, and names that no other option has", () => {
      checkOptions(driver);
    }),
    check("takes its options from the environment as from the command line", () => {
      checkEnvironment(driver, given.options);
    }),
    check("plans what can be made, with the common fields kept, and changes nothing", () => checkPlan(driver, given)),
    check("refuses what cannot be made, in words", () => checkRefusals(driver, given)),
    check("names its steps, each name once, in words that a user understands", () => {
      const steps = driver.create.map(({ name }) => name);
      assert.equal(new Set(steps).size, steps.length);
      for (const name of steps) assert.match(name, /^[a-z][a-z]+ .+[^.]$/);
    }),
    check("can undo every step that did nothing", async () => {
      const { machine, io } = await planned(driver, given);
      for (const step of [...driver.create].reverse()) await step.undo?.(machine, io);
    }),
    check("removes what is gone, and removes it again", async () => {
      const { machine, io } = await planned(driver, given);
      await driver.remove(machine, io);
      await driver.remove(machine, io);
    }),
    check("tells a machine that is gone from one that runs", async () => {
      const { machine, io } = await planned(driver, given);
      assert.equal((await driver.inspect(machine, io)).status, given.whenGone ?? "missing");
    }),
    check("derives its access from the saved state alone", async () => {
      const { machine } = await planned(driver, given);
      const saved = JSON.parse(JSON.stringify(machine.state)) as DriverState;
      const access = driver.access(deepFrozen(saved));
      assert.deepEqual(driver.access(machine.state), access);
      assert.ok(access.docker === "" || URL.canParse(access.docker), `access().docker is no URL: ${access.docker}`);
      assert.deepEqual(JSON.parse(JSON.stringify(access)), access);
    }),
    check("saves and shows no secret", async () => {
      const secrets = Object.entries(driver.options).filter(([, { secret }]) => secret === true);
      const options = { ...given.options, ...Object.fromEntries(secrets.map(([key]) => [key, `secret-${key}`])) };
      const { machine, io } = await planned(driver, { ...given, options });
      const shown = JSON.stringify([machine.state, await driver.dryRunCalls?.(machine, io)]);
      for (const [key] of secrets) assert.ok(!shown.includes(`secret-${key}`), key);
    }),
    ...(running === undefined
      ? []
      : [
          check("leaves a machine as it is that runs when it starts it, or is stopped when it stops or kills it", () =>
            checkVerbs(driver, running),
          ),
        ]),
  ];
}

async function checkVerbs(driver: Driver, { machine: made, io, run }: RunningCase): Promise<void> {
  let machine = await made();
  const becomes = (status: Status): Promise<true> =>
    poll(io, `${machine.name} to be ${status}`, { limit: 60_000 }, async () =>
      (await driver.inspect(machine, io)).status === status ? true : undefined,
    );
  const does = async (verb: PowerAction, status: Status): Promise<void> => {
    machine = { ...machine, state: { ...machine.state, ...(await driver[verb]?.(machine, io)) } };
    await becomes(status);
  };
  await becomes("running");
  const before = await run(machine);
  await does("start", "running");
  assert.deepEqual(await run(machine), before, "start began another run of a machine that runs");
  for (const verb of ["stop", "stop", "kill"] as const) if (driver[verb] !== undefined) await does(verb, "stopped");
}

function checkOptions({ name: prefix, options }: Driver): void {
  const flags = new Set<string>();
  for (const [key, option] of Object.entries(options)) {
    const { flag, env } = names(key, option, prefix);
    assert.match(flag, /^[a-z][a-z0-9-]*$/);
    assert.ok(!flags.has(flag), `two options are called --${flag}`);
    flags.add(flag);
    if (env !== undefined) assert.match(env, /^[A-Z][A-Z0-9_]*$/);
    assert.match(option.help, /^\S.+[^.]$/, `help of --${flag} is a phrase without a full stop`);
    if (option.default !== undefined) assert.deepEqual(option.parse(option.default), option.default);
  }
}

function checkEnvironment({ name: prefix, options }: Driver, given: Given): void {
  const typed = resolve(options, [given], prefix);
  const env: Record<string, string> = {};
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const option = options[key];
    assert.ok(option !== undefined, `there is no option ${key}`);
    const variable = names(key, option, prefix).env;
    if (variable === undefined) rest[key] = value;
    else env[variable] = Array.isArray(value) ? value.join(",") : String(value);
  }
  assert.deepEqual(resolve(options, [rest, fromEnv(options, env, prefix)], prefix), typed);
}

async function checkPlan(driver: Driver, given: DriverCase): Promise<void> {
  const { machine, common, filesLeft } = await planned(driver, given);
  assert.deepEqual(filesLeft, [], "plan wrote into the machine's directory");
  for (const key of Object.keys(common)) {
    const kind = typeof common[key as keyof DriverState];
    assert.equal(typeof machine.state[key as keyof DriverState], kind, `${key} is no ${kind}`);
  }
  assert.equal(machine.state.MachineName, common.MachineName);
  assert.equal(machine.state.StorePath, common.StorePath);
}

async function checkRefusals(driver: Driver, given: DriverCase): Promise<void> {
  for (const { options, error } of given.refused) {
    await assert.rejects(
      () => planned(driver, { ...given, options }),
      (thrown) => {
        assert.ok(isMachineError(thrown), String(thrown));
        assert.ok(thrown.code === "usage" || thrown.code === "precheck", `code is ${thrown.code}`);
        assert.match(thrown.message, error);
        return true;
      },
    );
  }
}

interface Planned {
  readonly machine: Machine;
  readonly common: DriverState;
  readonly io: Io;
  readonly filesLeft: readonly string[];
}

async function planned(driver: Driver, { options, gone = {}, io = fakeIo(gone) }: DriverCase): Promise<Planned> {
  const dir = await mkdtemp(join(tmpdir(), "machine-driver-"));
  try {
    const common = commonState("web-1", "/store");
    const values = resolve(driver.options, [options], driver.name);
    const storeId = (): Promise<string> => Promise.resolve("5d3c6a9e-store");
    const state = await driver.plan(values, { name: "web-1", dir, common: deepFrozen(common), storeId }, io);
    return { machine: { name: "web-1", dir, state: deepFrozen(state) }, common, io, filesLeft: await readdir(dir) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) deepFrozen(part);
    Object.freeze(value);
  }
  return value;
}
