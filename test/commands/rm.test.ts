import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { contentsOf, createNone, newHome, putGeneric, type Home } from "./support.js";

const about = (names: string): string =>
  `About to remove ${names}\nWARNING: This action will delete both local reference and remote instance.\n`;
const question = "Are you sure? (y/n): ";

function machinesOf({ store }: Home): Promise<string[]> {
  return readdir(join(store, "machines"));
}

function missing(name: string): string {
  return (
    `Error removing host "${name}": Docker machine "${name}" does not exist. ` +
    'Use "docker-machine ls" to list machines. Use "docker-machine create" to add a new one.\n'
  );
}

describe("machine rm", () => {
  test.each(["y\n", "Y\n", "yes\n", "  yes  \n", "y", "yeah\n", "y\r\n"])("takes %j for a yes", async (stdin) => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["rm", "web"], { stdin })).toEqual({
      code: 0,
      stdout: `${about("web")}${question}Successfully removed web\n`,
      stderr: "",
    });
    expect(await machinesOf(home)).toEqual([]);
  });

  test.each(["n\n", "\n", "yeah no\n", "no\n", "ay\n", "1\n"])("takes %j for a no", async (stdin) => {
    const home = await newHome();
    await createNone(home, "web");
    const before = await contentsOf(home.home);
    expect(await home.machine(["rm", "web"], { stdin })).toEqual({
      code: 0,
      stdout: `${about("web")}${question}`,
      stderr: "",
    });
    expect(await contentsOf(home.home)).toEqual(before);
  });

  test.each(["", undefined])("says what to type where nobody answers (%j)", async (stdin) => {
    const home = await newHome();
    await createNone(home, "web", "db");
    const before = await contentsOf(home.home);
    expect(await home.machine(["rm", "web", "db"], { stdin })).toEqual({
      code: 0,
      stdout: `${about("web, db")}${question}`,
      stderr: "Nobody answered: nothing is removed. Without a question: machine rm -y web db\n",
    });
    expect(await contentsOf(home.home)).toEqual(before);
  });

  test.each([
    [["-y", "web", "db"]],
    [["web", "-y", "db"]],
    [["web", "db", "--y"]],
    [["-f", "web", "db"]],
    [["--force", "web", "db"]],
  ])("does not ask with %j", async (argv) => {
    const home = await newHome();
    await createNone(home, "web", "db", "other");
    expect(await home.machine(["rm", ...argv])).toEqual({
      code: 0,
      stdout: `${about("web, db")}Successfully removed web\nSuccessfully removed db\n`,
      stderr: "",
    });
    expect(await machinesOf(home)).toEqual(["other"]);
  });

  test("goes on with the others when one fails", async () => {
    const home = await newHome();
    await createNone(home, "a", "b");
    expect(await home.machine(["rm", "-y", "a", "x", "b", "y"])).toEqual({
      code: 1,
      stdout: `${about("a, x, b, y")}Successfully removed a\nSuccessfully removed b\n`,
      stderr: missing("x") + missing("y"),
    });
    expect(await machinesOf(home)).toEqual([]);
  });

  test.each(["x", "../x", "a b", "..", "/etc"])("with -f only says that %j is not there", async (name) => {
    const home = await newHome();
    await createNone(home, "web");
    const before = await contentsOf(home.home);
    expect(await home.machine(["rm", "-f", name])).toEqual({
      code: 0,
      stdout: about(name),
      stderr: `${missing(name)}Can't remove "${name}"\n`,
    });
    expect(await contentsOf(home.home)).toEqual(before);
  });

  test("takes -rf for a flag that is not there, and for a name behind --", async () => {
    const home = await newHome();
    expect(await home.machine(["rm", "-rf", "web"])).toEqual({
      code: 2,
      stdout: "",
      stderr: "flag provided but not defined: -rf\n",
    });
    expect(await home.machine(["rm", "-y", "--", "-rf"])).toMatchObject({ code: 1, stderr: missing("-rf") });
  });

  test("removes a machine that is broken or without its driver only with -f", async () => {
    const home = await newHome();
    await putGeneric(home, "broken", 1, () => ({}));
    await putGeneric(home, "cloud", 1, (config) => ({ ...config, DriverName: "foo" }));
    await mkdir(join(home.store, "machines", "empty"));
    const names = ["broken", "cloud", "empty"];
    const refused = await home.machine(["rm", "-y", ...names]);
    expect(refused).toMatchObject({ code: 1, stdout: about(names.join(", ")) });
    for (const name of names) expect(refused.stderr).toContain(`Error removing host "${name}": `);
    expect(await machinesOf(home)).toEqual(names);

    const removed = await home.machine(["rm", "-f", ...names]);
    expect(removed.code).toBe(0);
    for (const name of names) {
      expect(removed.stderr).toContain(`Error removing host "${name}": `);
      expect(removed.stdout).toContain(`Successfully removed ${name}\n`);
    }
    expect(await machinesOf(home)).toEqual([]);
  });

  test("leaves nothing of the machine, nor a lock", async () => {
    const home = await newHome();
    await createNone(home, "web");
    await home.machine(["rm", "-y", "web"]);
    const left = (await readdir(home.store, { recursive: true })).filter((path) => path.includes("web"));
    expect(left).toEqual([]);
  });

  test("wants a name", async () => {
    const home = await newHome();
    expect(await home.machine(["rm", "-y"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "Error: Expected to get one or more machine names as arguments\n",
    });
  });
});
