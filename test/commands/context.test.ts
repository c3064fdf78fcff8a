import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newConfig } from "../../src/store/config.js";
import { storePaths } from "../../src/store/paths.js";
import { openStore } from "../../src/store/store.js";
import type { RunOptions } from "../support/cli.js";
import { finish } from "../support/command.js";
import { createNone, linesOf, newHome, putGeneric, putRunning, type Home } from "./support.js";

/** What the stock docker client prints in this home. */
async function docker(home: Home, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await finish("docker", args, { env: { PATH: process.env["PATH"], HOME: home.home } });
  return (stdout + stderr).trim();
}

async function contexts(home: Home): Promise<readonly string[]> {
  return (await docker(home, "context", "ls", "--format", "{{.Name}} {{.DockerEndpoint}}"))
    .split("\n")
    .filter((line) => !line.startsWith("default "));
}

const web = "web tcp://127.0.0.1:1";

/** What a create of the driver none says, apart from new certificates. */
async function createTelling(home: Home, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const created = await home.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", ...args], options);
  expect(created.code).toBe(0);
  return created.stderr.replace(/^Creating .*\n/gm, "");
}

describe("machine create", () => {
  test("writes a docker context of the machine's name, without making it the current one, and rm takes it away", async () => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await contexts(home)).toEqual([web]);
    expect(await docker(home, "context", "show")).toBe("default");
    expect(await docker(home, "context", "ls", "--format", "{{.Description}}")).toContain("Machine web (none)");
    await home.machine(["rm", "-y", "web"]);
    expect(await contexts(home)).toEqual([]);
  });

  test("gives a context credentials where the engine has TLS", async () => {
    const home = await newHome();
    await home.machine(["create", "-d", "none", "--url", "tcp://192.0.2.7:2376", "far"]);
    await createNone(home, "web");
    const tls = (name: string) => docker(home, "context", "inspect", "-f", "{{json .TLSMaterial}}", name);
    expect(await tls("far")).toBe('{"docker":["ca.pem","cert.pem","key.pem"]}');
    expect(await tls("web")).toBe("{}");
  });

  test("writes none with --no-context, until it is asked for", async () => {
    const home = await newHome();
    expect(await createTelling(home, ["--no-context", "web"])).toBe("");
    expect(await contexts(home)).toEqual([]);
    await home.machine(["context", "sync", "web"]);
    expect(await contexts(home)).toEqual([web]);
  });

  test.each(["default", "w"])("has no word about a name that docker cannot have (%s)", async (name) => {
    const home = await newHome();
    expect(await createTelling(home, [name])).toBe("");
    expect(await home.machine(["use", name])).toMatchObject({ code: 1 });
  });

  test("leaves a context that is not the store's as it is, and says so", async () => {
    const home = await newHome();
    await docker(home, "context", "create", "web", "--docker", "host=tcp://192.0.2.1:2375");
    expect(await createTelling(home, ["web"])).toMatch(
      /^\(web\) its docker context was not written: .* not made for this store .*: machine context sync web\n$/,
    );
    expect(await home.machine(["use", "web"])).toMatchObject({ code: 1 });
    expect(await home.machine(["rm", "-y", "web"])).toMatchObject({ code: 0, stderr: "" });
    expect(await contexts(home)).toEqual(["web tcp://192.0.2.1:2375"]);
  });

  test("does not fail where docker's folder cannot be written, but says what to type", async () => {
    const home = await newHome();
    const env = { DOCKER_CONFIG: join(home.home, "file") };
    await writeFile(env.DOCKER_CONFIG, "");
    expect(await createTelling(home, ["web"], { env })).toMatch(
      /^\(web\) its docker context was not written: .*: machine context sync web\n$/,
    );
    expect(await home.machine(["ls", "-q"], { env })).toMatchObject({ code: 0, stdout: "web\n" });
  });
});

describe("machine use", () => {
  test("makes a machine's context the current one, and writes it where it is missing", async () => {
    const home = await newHome();
    await createNone(home, "web");
    await docker(home, "context", "rm", "web");
    expect(await home.machine(["use", "web"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "docker's current context is web now\n",
    });
    expect(await docker(home, "context", "show")).toBe("web");
    await home.machine(["use", "--unset"]);
    expect(await docker(home, "context", "show")).toBe("default");
  });

  test("warns of what goes before the current context", async () => {
    const home = await newHome();
    await createNone(home, "web");
    const said = async (env: Readonly<Record<string, string>>): Promise<string | undefined> =>
      (await home.machine(["use", "web"], { env })).stderr.split("\n")[1];
    expect(await said({})).toBe("");
    expect(await said({ DOCKER_CONTEXT: "web" })).toBe("");
    expect(await said({ DOCKER_CONTEXT: "db" })).toBe(
      "DOCKER_CONTEXT is set, to db, and goes before it: unset DOCKER_CONTEXT",
    );
    expect(await said({ DOCKER_HOST: "tcp://h:1", DOCKER_CONTEXT: "db" })).toBe(
      "DOCKER_HOST is set, to tcp://h:1, and goes before it: unset DOCKER_HOST",
    );
  });

  test.each([[[]], [["web", "db"]], [["-u", "web"]]])("takes one name or --unset, not %j", async (args) => {
    const home = await newHome();
    expect(await home.machine(["use", ...args])).toMatchObject({ code: 2, stdout: "" });
  });

  test("knows no machine that is not there", async () => {
    const home = await newHome();
    expect((await home.machine(["use", "web"])).stderr).toContain('Docker machine "web" does not exist');
    expect(await readdir(home.home)).toEqual([]);
  });
});

describe("machine rm", () => {
  test("of the machine in use leaves a docker client that works", async () => {
    const home = await newHome();
    await createNone(home, "web");
    await home.machine(["use", "web"]);
    expect(await home.machine(["rm", "-y", "web"])).toMatchObject({ code: 0, stderr: "" });
    expect(await docker(home, "context", "show")).toBe("default");
  });

  test("keeps the context of another store's machine of that name", async () => {
    const home = await newHome();
    await createNone(home, "web");
    const other = ["-s", join(home.home, "other")];
    const created = await home.machine([...other, "create", "-d", "none", "--url", "tcp://127.0.0.1:2", "web"]);
    expect(created.stderr).toContain("not made for this store");
    await home.machine([...other, "rm", "-y", "web"]);
    expect(await contexts(home)).toEqual([web]);
  });
});

describe("machine context sync", () => {
  test("writes what is missing or not true, removes what has no machine any more, and says what it did", async () => {
    const home = await newHome();
    await createNone(home, "web", "db", "gone", "default");
    await docker(home, "context", "rm", "db");
    await docker(home, "context", "update", "--docker", "host=tcp://192.0.2.1:1", "web");
    await docker(home, "context", "create", "mine", "--docker", "host=tcp://192.0.2.1:2375");
    const cutOff = openStore(home.store, { command: "test" });
    await cutOff.remove("gone");
    const first = await home.machine(["context", "sync"]);
    expect(first.code).toBe(0);
    expect(linesOf(first)).toEqual([
      "Removed the docker context gone",
      "Wrote the docker context db",
      "Wrote the docker context web",
    ]);
    expect(first.stderr).toBe("docker can have no context of the name default\n");
    expect(await contexts(home)).toEqual(["db tcp://127.0.0.1:1", "mine tcp://192.0.2.1:2375", web]);
    expect(linesOf(await home.machine(["context", "sync", "db", "web"]))).toEqual([
      "The docker context db is right",
      "The docker context web is right",
    ]);
  });

  test("does what it can, and fails for the rest", async () => {
    const home = await newHome();
    await createNone(home, "web");
    await docker(home, "context", "rm", "web");
    await mkdir(join(storePaths(home.store).machines, "broken"));
    const synced = await home.machine(["context", "sync"]);
    expect(synced).toMatchObject({ code: 1, stdout: "Wrote the docker context web\n" });
    expect(synced.stderr).toContain("broken is broken");
  });

  test("says of a machine that it names why it can have none", async () => {
    const home = await newHome();
    const store = openStore(home.store, { command: "test" });
    await putGeneric(home, "old");
    const { config } = await store.read("old");
    const half = newConfig({ name: "half", root: home.store, driverName: "generic", driver: config.Driver });
    await store.claim("half", half, { phase: "provision", done: [], settings: {} });
    const synced = await home.machine(["context", "sync", "half", "old"]);
    expect(synced.code).toBe(1);
    expect(synced.stderr).toContain("half has no docker context before it is complete");
    expect(synced.stderr).toContain("machine regenerate-certs old");
  });

  test.each([[[]], [["ls"]]])("is all that context can do: %j", async (args) => {
    const home = await newHome();
    expect(await home.machine(["context", ...args])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("the machine in use", () => {
  test("is that of the current context where DOCKER_HOST is not set, in ls and active", async () => {
    const home = await newHome();
    const { url } = await putRunning(home, "web");
    await putRunning(home, "db");
    await home.machine(["use", "db"]);
    const marked = async (env: Readonly<Record<string, string>>): Promise<readonly string[]> => [
      (await home.machine(["active"], { env })).stdout.trim(),
      ...linesOf(await home.machine(["ls", "-f", "{{.Name}}{{.Active}}"], { env })),
    ];
    expect(await marked({})).toEqual(["db", "db*", "web-"]);
    expect(await marked({ DOCKER_HOST: url })).toEqual(["web", "db-", "web*"]);
    expect(await marked({ DOCKER_CONTEXT: "default" })).toEqual(["", "db-", "web-"]);
  });
});
