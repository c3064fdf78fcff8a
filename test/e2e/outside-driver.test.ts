import { cp, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../src/driver/index.js";
import { driverChecks } from "../../src/driver/conformance.js";
import { machineIo } from "../../src/core/session/io.js";
import { openSession } from "../../src/core/session/session.js";
import type { MachineConfig } from "../../src/store/config.js";
import { answerOf } from "../support/answers.js";
import { finish, output } from "../support/command.js";
import { docker } from "../support/engine.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { cli, installProgram, type Program } from "../support/program.js";

const source = join(import.meta.dirname, "..", "support", "machine-driver-toy");

describe("A driver of another package", () => {
  let program: Program;
  let folder: string;
  beforeAll(async () => {
    program = await installProgram();
    folder = await mkdtemp(join(tmpdir(), "machine-driver-"));
  });
  afterEach(() => rm(join(program.store, "plugins"), { recursive: true, force: true }));
  afterAll(async () => {
    await program.remove();
    await rm(folder, { recursive: true });
  });
  const add = (spec: string) => program.machine(["driver", "add", "--yes", spec]);

  /** A copy of the sample, changed. */
  async function changed(name: string, facts: object, index?: string): Promise<string> {
    const copy = await mkdtemp(join(folder, "copy-"));
    await cp(source, copy, { recursive: true });
    const manifest = JSON.parse(await readFile(join(source, "package.json"), "utf8")) as object;
    await writeFile(join(copy, "package.json"), JSON.stringify({ ...manifest, name, ...facts }));
    if (index !== undefined) await writeFile(join(copy, "index.js"), index);
    return copy;
  }

  test.each([
    [
      "was made for a later contract",
      { machineDriverContract: 2, version: "1.2.0" },
      undefined,
      "machine-driver-toy 1.2.0 was made for driver contract 2; this program supports 1\nhint: update this program\n",
    ],
    [
      "was made for an earlier contract",
      { machineDriverContract: 0 },
      undefined,
      "made for driver contract 0; this program supports 1\nhint: update the driver: machine driver add machine-driver-toy\n",
    ],
    [
      "does not say for which contract it was made",
      { machineDriverContract: "1" },
      undefined,
      'machine-driver-toy 1.0.0 does not say which driver contract it was made for\nhint: its package.json needs "machineDriverContract": 1\n',
    ],
    ["throws", {}, 'throw new Error("boom");', "machine-driver-toy 1.0.0 cannot be loaded: boom\n"],
    ["exports nothing", {}, "", "cannot be loaded: its default export is no function\n"],
    ["makes no driver", {}, "export default () => ({});", "cannot be loaded: its function returns no driver\n"],
    ["has another name than its driver", { name: "machine-driver-play" }, undefined, "called toy, not play\n"],
    ["has the name of a built-in one", { name: "machine-driver-none" }, undefined, "none is a part of this program"],
    [
      "is no driver's",
      { name: "toy" },
      undefined,
      "toy is no driver: the package of one is called machine-driver-NAME",
    ],
  ])("that %s is refused, and nothing is added", async (_, facts, index, error) => {
    const refused = await add(await changed("machine-driver-toy", facts, index));
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(error);
    expect(await readdir(join(program.store, "plugins"))).toEqual([]);
  });

  test("is not added where nobody agrees, having been told what it may do", async () => {
    const refused = await program.machine(["driver", "add", source]);
    expect(refused).toMatchObject({ code: 1, stdout: "Add it? (y/n): " });
    expect(refused.stderr).toMatch(/runs with your user's rights.*\n.*nobody agreed\nhint: .*driver add --yes /);
    expect(await readdir(join(program.store, "plugins"))).toEqual([]);
  });

  test("cannot be added without npm, which is said", async () => {
    const refused = await finish(process.execPath, [cli, "driver", "add", "-y", source], {
      env: { ...program.env, PATH: "/nowhere" },
    });
    expect(refused.stderr).toMatch(/ is not added: npm is not installed\nhint: install npm/);
  });

  test("is found beside the program, where npm -g has put it, and is not taken out of there", async () => {
    const modules = join(await mkdtemp(join(folder, "global-")), "node_modules");
    const root = join(import.meta.dirname, "..", "..");
    for (const part of ["dist", "templates", "package.json"])
      await cp(join(root, part), join(modules, "machine", part), { recursive: true });
    await symlink(source, join(modules, "machine-driver-toy"));
    const run = (...args: string[]) =>
      finish(process.execPath, [join(modules, "machine", "dist", "cli.cjs"), ...args], { env: program.env });
    expect((await run("create", "-d", "toy", "--help")).stdout).toContain("--toy-container");
    expect((await run("driver", "rm", "toy")).stderr).toContain("npm uninstall -g machine-driver-toy");
  });

  test("with a name that is a path is never looked for", async () => {
    for (const name of ["../toy", "toy/..", "Toy", ".new"]) {
      expect((await program.machine(["create", "-d", name, "web"])).stderr).toContain(`Driver "${name}" not found`);
      expect((await program.machine(["driver", "rm", name])).stderr).toContain(`there is no driver ${name}`);
    }
  });
});

describeOnHosts("A driver of another package, on a real host,", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await installProgram();
    host = await lab.createHost({ image: "engine" });
  });
  afterAll(() => program.remove());

  test("is packed, added, used in all ways, and removed", async () => {
    const machine = (...args: readonly string[]) => program.machine(args);
    const packed = await output("npm", ["pack", "--silent", "--pack-destination", program.home, source]);
    const tarball = join(program.home, packed.trim());
    const added = await machine("driver", "add", "--json", "--yes", tarball);
    expect(added.code, added.stderr).toBe(0);
    const from = join(program.store, "plugins", "toy", "node_modules", "machine-driver-toy");
    const row = { name: "toy", version: "1.0.0", from, summary: "A container that is there already", error: null };
    expect(await answerOf("driver", added.stdout)).toEqual(row);
    expect((await stat(join(program.store, "plugins"))).mode & 0o777).toBe(0o700);
    const listed = await answerOf("driver", (await machine("driver", "ls", "--json")).stdout);
    expect(listed).toContainEqual(row);
    expect(listed).toContainEqual(expect.objectContaining({ name: "container", from: null }));

    expect((await machine("create", "-d", "toy", "--help")).stdout).toContain("Options of the driver toy:");
    expect((await machine("__complete", "--", "create", "-d", "to")).stdout).toBe("toy\n");
    expect((await machine("lab", "schema")).stdout).toContain('"toy-container"');
    expect((await machine("settings", "set", "toy-engine", `unix://${lab.engine.socket}`)).code).toBe(0);

    const created = await machine("create", "-d", "toy", "--toy-container", host.name, "web");
    expect(created.code, created.stderr).toBe(0);
    const used = await program.bash(
      `eval "$(machine env web)"; docker version --format '{{.Server.Os}}'; docker ps -q`,
    );
    expect(used).toMatchObject({ stdout: "linux\n", stderr: "", code: 0 });
    expect((await machine("ls", "-f", "{{.Name}} {{.DriverName}} {{.State}} {{.Error}}")).stdout).toBe(
      "web toy Running \n",
    );

    const needed = await machine("driver", "rm", "toy");
    expect(needed.stderr).toBe("machines need the driver toy: web\nhint: machine rm web\n");
    await rm(join(program.store, "plugins", "toy"), { recursive: true });
    expect((await machine("ls", "-f", "{{.State}} {{.Error}}")).stdout).toMatch(
      /^Error Driver "toy" not found.*: .*machine driver add machine-driver-NAME\n$/,
    );
    expect((await machine("driver", "add", "-y", tarball)).code).toBe(0);
    for (const [verb, state] of Object.entries({ stop: "Stopped", start: "Running" })) {
      expect(await machine(verb, "web")).toMatchObject({ code: 0 });
      expect((await machine("status", "web")).stdout).toBe(`${state}\n`);
    }
    await passesTheSuite();
    expect(await machine("rm", "-y", "web")).toMatchObject({ code: 0 });
    expect(await machine("driver", "rm", "toy")).toMatchObject({ code: 0, stdout: "Removed the driver toy\n" });
    expect(await readdir(join(program.store, "plugins"))).toEqual([]);
    expect((await machine("create", "-d", "toy", "web")).stderr).toContain('Driver "toy" not found');
  });

  /** The suite of all drivers, on the machine `web`. */
  async function passesTheSuite(): Promise<void> {
    const { default: make } = (await import(join(source, "index.js"))) as {
      default: (given: typeof contract) => contract.Driver;
    };
    const session = openSession({
      env: program.env,
      signal: new AbortController().signal,
      ...{ report: () => undefined, tell: () => undefined, debug: () => undefined },
      ask: () => Promise.resolve(undefined),
      storagePath: program.store,
      tls: { tlsCaCert: undefined, tlsCaKey: undefined, tlsClientCert: undefined, tlsClientKey: undefined },
      command: "test",
    });
    const dir = join(program.store, "machines", "web");
    const config = JSON.parse(await readFile(join(dir, "config.json"), "utf8")) as MachineConfig;
    const io = machineIo(session, { name: "web", dir });
    const checks = driverChecks(make(contract), {
      options: { container: "no-such-container", engine: `unix://${lab.engine.socket}` },
      refused: [{ options: {}, error: /requires the --toy-container option/ }],
      io,
      running: {
        io,
        machine: () => ({ name: "web", dir, state: config.Driver }),
        run: () => docker(lab.engine, ["inspect", "--format", "{{.State.StartedAt}}", host.name]),
      },
    });
    for (const { run } of checks) await run();
  }
});
