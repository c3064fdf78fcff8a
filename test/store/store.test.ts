import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newConfig, type MachineConfig } from "../../src/store/config.js";
import type { Store } from "../../src/store/store.js";
import { fixtureIn, goldenNames, putConfig, storeAt, temporaryDirectory } from "./support.js";

let root: string;
let store: Store;
beforeEach(async () => {
  root = await temporaryDirectory();
  store = storeAt(root);
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

function configOf(name: string): MachineConfig {
  const driver = {
    IPAddress: "192.0.2.1:2376",
    MachineName: name,
    SSHUser: "",
    SSHPort: 0,
    SSHKeyPath: "",
    StorePath: root,
    SwarmMaster: false,
    SwarmHost: "",
    SwarmDiscovery: "",
    URL: "tcp://192.0.2.1:2376",
  };
  return newConfig({ name, root, driverName: "none", driver });
}

const journal = { phase: "create", done: ["make the disk"], settings: { engine: { version: "27" } } } as const;

function claim(name: string): Promise<void> {
  return store.claim(name, configOf(name), journal);
}

async function make(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await claim(name);
    await store.removeJournal(name);
  }
}

it("keeps how docker reaches a machine beside its config.json, and takes no word for it that nobody knows", async () => {
  await make("n1");
  expect((await store.read("n1")).transport).toBe("tls");
  expect(await readdir(store.dir("n1"))).toEqual(["config.json"]);
  await store.claim("n2", configOf("n2"), journal, "ssh");
  expect((await store.read("n2")).transport).toBe("ssh");
  await writeFile(join(store.dir("n2"), "server.pem"), "its certificate");
  await store.setTransport("n2", "both");
  expect((await store.read("n2")).transport).toBe("both");
  expect(await readdir(store.dir("n2"))).toContain("server.pem");
  await store.setTransport("n2", "ssh");
  expect(await readdir(store.dir("n2"))).not.toContain("server.pem");
  await store.setTransport("n2", "tls");
  expect(await readdir(store.dir("n2"))).not.toContain("docker-transport");
  await writeFile(join(store.dir("n2"), "docker-transport"), "telex\n");
  await expect(store.read("n2")).rejects.toThrow(/^n2 is broken: .*docker-transport must say one of tls, ssh, both/);
});

const strangeNames = ["", ".", "..", "../n1", "a/b", "a\\b", "n1\0", ".hidden", "C:"];

describe("the list of machines", () => {
  it("is empty in a store that is not there yet, which reading does not make", async () => {
    const missing = storeAt(join(root, "missing"));
    expect(await missing.names()).toEqual([]);
    expect(await missing.list()).toEqual([]);
    expect(await readdir(root)).toEqual([]);
  });

  it("is in bytewise order, with names that differ only in case", async () => {
    await make("n2", "node1", "n10", "Node1", "n1");
    expect(await store.names()).toEqual(["Node1", "n1", "n10", "n2", "node1"]);
    expect((await store.list()).map(({ name }) => name)).toEqual(await store.names());
  });

  it("leaves out files and directories with a leading dot, and has directories that are linked", async () => {
    await make("n1");
    await mkdir(join(store.paths.machines, ".DS_Store"));
    await writeFile(join(store.paths.machines, "notes.txt"), "");
    await symlink(store.dir("n1"), join(store.paths.machines, "n2"));
    await symlink(join(root, "nowhere"), join(store.paths.machines, "n3"));
    expect(await store.names()).toEqual(["n1", "n2"]);
    expect(await Promise.all(["n2", "n3", "notes.txt", ".DS_Store"].map((name) => store.has(name)))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("has a broken machine with its error beside the whole ones", async () => {
    await make("n1", "n3");
    await putConfig(root, "n2", "null");
    await mkdir(store.dir("n4"));
    const [n1, n2, n3, n4] = await store.list();
    expect([n1, n3]).toEqual([await store.read("n1"), await store.read("n3")]);
    const path = (name: string): string => join(store.dir(name), "config.json");
    expect(n2).toMatchObject({ name: "n2", error: { message: `n2 is broken: ${path("n2")}: must be an object` } });
    expect(n4).toMatchObject({
      name: "n4",
      error: { code: "failed", message: `n4 is broken: open ${path("n4")}: no such file or directory` },
    });
  });

  it("holds hundreds of machines", async () => {
    const names = Array.from({ length: 300 }, (_, n) => `n${String(n)}`);
    for (const name of names) await putConfig(root, name, await fixtureIn(root, "config-generic"));
    const machines = await store.list();
    expect(machines.filter((machine) => "config" in machine).map(({ name }) => name)).toEqual(names.sort());
  });
});

describe("reading a machine", () => {
  it("says in docker-machine's words that there is none, also for what cannot be a name", async () => {
    await make("n1");
    for (const name of ["n2", ...strangeNames]) {
      await expect(store.read(name)).rejects.toMatchObject({
        code: "not-found",
        message: `Docker machine "${name}" does not exist. Use "docker-machine ls" to list machines. Use "docker-machine create" to add a new one.`,
      });
      expect(await store.has(name)).toBe(false);
    }
  });

  it("names the file and the reason when it is cut off, is a directory, or may not be read", async () => {
    const path = await putConfig(root, "n1", "{");
    await expect(store.read("n1")).rejects.toThrow(`n1 is broken: ${path}: unexpected end of JSON input`);
    await rm(path);
    await mkdir(path);
    await expect(store.read("n1")).rejects.toThrow(/^n1 is broken: .*illegal operation on a directory$/);
  });

  it("keeps the reference's phrase for a version from the future", async () => {
    await putConfig(root, "n1", '{"ConfigVersion": 4}');
    const phrase = "config version is from the future -- you should upgrade your Docker Machine client";
    await expect(store.read("n1")).rejects.toThrow(phrase);
  });
});

describe("claiming a name", () => {
  it("makes a directory for the user alone, and is refused the second time", async () => {
    const before = process.umask(0);
    try {
      await claim("n1");
    } finally {
      process.umask(before);
    }
    expect((await store.read("n1")).config).toEqual(configOf("n1"));
    expect(await store.readJournal("n1")).toEqual(journal);
    for (const path of [store.paths.machines, store.dir("n1")]) expect((await stat(path)).mode & 0o777).toBe(0o700);
    const exists = { code: "exists", message: 'Docker machine "n1" already exists' };
    await expect(claim("n1")).rejects.toMatchObject(exists);
    await expect(store.checkFree("n1")).rejects.toMatchObject(exists);
    await store.checkFree("N1");
  });

  it("succeeds for one of many at once", async () => {
    const once = (): Promise<void> => store.lock("n1", () => claim("n1"));
    const claims = await Promise.allSettled(Array.from({ length: 20 }, once));
    expect(claims.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("that was cut off is not seen, and does not stand in the way of the next", async () => {
    await mkdir(join(store.paths.machines, ".creating-n1"), { recursive: true });
    await writeFile(join(store.paths.machines, ".creating-n1", "progress.json"), "{");
    expect(await store.names()).toEqual([]);
    await claim("n1");
    expect(await readdir(store.paths.machines)).toEqual(["n1"]);
    expect((await readdir(store.dir("n1"))).sort()).toEqual(["config.json", "progress.json"]);
  });

  it.each([...strangeNames, "-n1", "n_1", "n 1", "é", "n1\n"])(
    "refuses %j before the disk is touched",
    async (name) => {
      await expect(claim(name)).rejects.toThrow(
        "Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -",
      );
      expect(await readdir(root)).toEqual([]);
    },
  );
});

describe("writing a machine", () => {
  it.each(goldenNames)("changes no byte of docker-machine's file but what was changed (%s)", async (driver) => {
    const text = await fixtureIn(root, `config-${driver}`);
    const { Name: name } = JSON.parse(text) as MachineConfig;
    const path = await putConfig(root, name, text);
    await store.write(name, (now) => now);
    expect(await readFile(path, "utf8")).toBe(text);
    await store.write(name, (now) => ({ ...now, Driver: { ...now.Driver, IPAddress: "<&>" } }));
    const changed = text.replace(/"IPAddress": "[^"]*"/, String.raw`"IPAddress": "\u003c\u0026\u003e"`);
    expect(await readFile(path, "utf8")).toBe(changed);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("refuses what it could not read again, and keeps the old file", async () => {
    await make("n1");
    const wrong = (now: MachineConfig): MachineConfig => ({ ...now, Driver: { ...now.Driver, SSHPort: Number.NaN } });
    await expect(store.write("n1", wrong)).rejects.toThrow("Driver.SSHPort: must be a whole number");
    expect((await store.read("n1")).config).toEqual(configOf("n1"));
  });

  it("does not bring back a machine that was removed", async () => {
    await make("n1");
    await store.remove("n1");
    await expect(store.save("n1", configOf("n1"))).rejects.toMatchObject({ code: "not-found" });
    await expect(store.writeJournal("n1", { phase: "create", done: [], settings: {} })).rejects.toMatchObject({
      code: "not-found",
    });
    expect(await readdir(store.paths.machines)).toEqual([]);
  });
});

describe("removing a machine", () => {
  it("takes the directory away with all that is in it, under the machine's own lock", async () => {
    await make("n1", "n2");
    await mkdir(join(store.dir("n1"), "n1", "Logs"), { recursive: true });
    await store.lock("n1", () => store.remove("n1"));
    expect(await readdir(store.paths.machines)).toEqual(["n2"]);
    await expect(store.remove("n1")).rejects.toMatchObject({ code: "not-found" });
  });

  it("removes what an interrupted removal left, which is never listed", async () => {
    await make("n1");
    await mkdir(join(store.paths.machines, ".removing-n0-abc"));
    expect(await store.names()).toEqual(["n1"]);
    await store.remove("n1");
    expect(await readdir(store.paths.machines)).toEqual([]);
  });

  it("removes the link only, where the directory is a link", async () => {
    await mkdir(join(root, "elsewhere"));
    await mkdir(store.paths.machines);
    await symlink(join(root, "elsewhere"), store.dir("n1"));
    await store.remove("n1");
    expect(await readdir(root)).toEqual(expect.arrayContaining(["elsewhere"]));
    expect(await store.names()).toEqual([]);
  });

  it.each(strangeNames)("refuses %j and removes nothing", async (name) => {
    await make("n1");
    await expect(store.remove(name)).rejects.toMatchObject({ code: "not-found" });
    expect(await store.names()).toEqual(["n1"]);
  });
});

describe("the locks of a store", () => {
  it("are not in the way of a machine with the same name", async () => {
    const both = store.lockNamed("ca", () => store.lock("ca", () => Promise.resolve("both"), { wait: 0 }));
    expect(await both).toBe("both");
  });

  it("name the command that holds them", async () => {
    const inner = (): Promise<void> => store.lock("n1", () => Promise.resolve(), { wait: 0 });
    await expect(store.lock("n1", inner)).rejects.toThrow(/^n1 is in use by process \d+ \(machine test\)/);
  });
});

describe("the journal of a machine", () => {
  it("is what was written last, and nothing after it was removed", async () => {
    await make("n1");
    expect(await store.readJournal("n1")).toBeUndefined();
    await store.writeJournal("n1", { ...journal, done: [] });
    await store.writeJournal("n1", journal);
    expect(await store.readJournal("n1")).toEqual(journal);
    await store.removeJournal("n1");
    await store.removeJournal("n1");
    expect(await readdir(store.dir("n1"))).toEqual(["config.json"]);
  });

  it.each([
    ["phase", "later"],
    ["done", "all"],
    ["settings", null],
  ])("names the path at fault: %s = %j", async (key, value) => {
    await make("n1");
    const path = join(store.dir("n1"), "progress.json");
    await writeFile(path, JSON.stringify({ ...journal, [key]: value }));
    await expect(store.readJournal("n1")).rejects.toThrow(`n1 is broken: ${path}: ${key}: must be`);
  });
});

it("explains a store that is no directory", async () => {
  await writeFile(store.paths.machines, "");
  await expect(store.names()).rejects.toThrow(`open ${store.paths.machines}: not a directory`);
  await expect(claim("n1")).rejects.toMatchObject({ code: "failed" });
});
