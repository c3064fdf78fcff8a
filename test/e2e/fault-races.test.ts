import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import type { Finished } from "../support/command.js";
import { clientEnv, docker } from "../support/engine.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";
import { contenders, suspended } from "../support/suspended.js";

interface Ended {
  readonly first: { readonly code: number | null; readonly stderr: string };
  readonly second: Finished;
}

describeOnHosts("two commands on one machine of the container driver", (lab) => {
  let program: Program;
  beforeAll(async () => {
    const { env, ...installed } = await lab.installProgram();
    const { DOCKER_HOST } = clientEnv(lab.engine);
    program = { ...installed, env: { ...env, DOCKER_HOST } };
  });

  const run = (...args: readonly string[]): Promise<Finished> => program.machine(args, { env: program.env });

  async function create(name: string): Promise<void> {
    const created = await run("create", "--container-image", "machine-test/engine", name);
    expect(created.code, created.stderr).toBe(0);
  }

  /** Has the second wait for the machine's lock while the first has it, and lets both end. */
  async function meet(name: string, first: readonly string[], second: readonly string[]): Promise<Ended> {
    const holder = await suspended(program, name, first);
    const over = new AbortController();
    const waiting = run(...second).finally(() => {
      over.abort();
    });
    while (!over.signal.aborted && (await contenders(program.store, name)).length < 2) await sleep(1);
    const [ended, late] = await Promise.all([holder.resume(), waiting]);
    return { first: ended, second: late };
  }

  const containers = (name: string): Promise<string> =>
    docker(lab.engine, ["ps", "--all", "--quiet", "--filter", `label=machine=${name}`]);

  const startedAt = async (name: string): Promise<string> =>
    docker(lab.engine, ["inspect", "--format", "{{.State.StartedAt}}", await containers(name)]);

  test("the second of two starts finds the machine running and leaves it as it is", async () => {
    await create("twice");
    expect((await run("stop", "twice")).code).toBe(0);
    const { first, second } = await meet("twice", ["start", "twice"], ["start", "twice"]);
    expect(first).toMatchObject({ code: 0 });
    expect(second).toMatchObject({ code: 1 });
    expect(second.stderr).toContain('Machine "twice" is already running.');
    const since = await startedAt("twice");
    expect((await run("start", "twice")).code).toBe(1);
    expect(await startedAt("twice")).toBe(since);
  });

  test("a start that waited for a removal starts nothing, and says that the machine is gone", async () => {
    await create("gone");
    expect((await run("stop", "gone")).code).toBe(0);
    const { first, second } = await meet("gone", ["rm", "-y", "gone"], ["start", "gone"]);
    expect(first).toMatchObject({ code: 0 });
    expect(second).toMatchObject({ code: 1 });
    expect(second.stderr).toContain('Docker machine "gone" does not exist');
    expect(await containers("gone")).toBe("");
  });

  test("a start that waited for a stop starts the machine again", async () => {
    await create("again");
    const { first, second } = await meet("again", ["stop", "again"], ["start", "again"]);
    expect({ first: first.code, second: second.code }).toEqual({ first: 0, second: 0 });
    expect((await run("status", "again")).stdout).toBe("Running\n");
  });

  test("a stop that waited for a provision stops the machine", async () => {
    await create("halted");
    const { first, second } = await meet("halted", ["provision", "halted"], ["stop", "halted"]);
    expect({ first: first.code, second: second.code }).toEqual({ first: 0, second: 0 });
    expect((await run("status", "halted")).stdout).toBe("Stopped\n");
  });

  test("an upgrade that waited for a removal says that the machine is gone", async () => {
    await create("late");
    const { first, second } = await meet("late", ["rm", "-y", "late"], ["upgrade", "late"]);
    expect({ first: first.code, second: second.code }).toEqual({ first: 0, second: 1 });
    expect(second.stderr).toContain('Docker machine "late" does not exist');
    expect(await containers("late")).toBe("");
  });

  test("a removal that waited for lab up removes what that has made", async () => {
    const folder = join(program.home, "lab");
    await mkdir(folder);
    const file = join(folder, "lab.yaml");
    await writeFile(file, "machines: { labbed: { driver: container, container-image: machine-test/engine } }\n");
    const making = run("lab", "up", file);
    while (!existsSync(join(program.store, "machines", "labbed"))) await sleep(1);
    const removed = await run("rm", "-y", "labbed");
    expect(await making).toMatchObject({ code: 0 });
    // Whoever waits longer than five seconds gives up, and says who is at work.
    if (removed.code !== 0) {
      expect(removed.stderr).toContain("lab up");
      expect((await run("rm", "-y", "labbed")).code).toBe(0);
    }
    expect(await containers("labbed")).toBe("");
    expect((await run("ls", "-q")).stdout).not.toContain("labbed");
  });
});
