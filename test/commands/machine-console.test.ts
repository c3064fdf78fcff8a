import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exampleState } from "../drivers/qemu/support.js";
import { fixtureIn, putConfig } from "../store/support.js";
import { answerOf, answersOf } from "../support/answers.js";
import { output } from "../support/command.js";
import { createNone, newHome, type Home } from "./support.js";

/** A machine of the driver qemu that does not run, and its console's log. */
async function putQemu(home: Home, log: string): Promise<string> {
  const config = JSON.parse(await fixtureIn(home.store, "config-generic")) as { Driver: object };
  const Driver = { ...exampleState, MachineName: "vm", StorePath: home.store };
  await putConfig(home.store, "vm", JSON.stringify({ ...config, Name: "vm", DriverName: "qemu", Driver }));
  await mkdir(join(home.store, "machines", "vm"), { recursive: true });
  const file = join(home.store, "machines", "vm", "console.log");
  await writeFile(file, log);
  return file;
}

test("machine console prints what the serial console has printed, as plain text", async () => {
  const home = await newHome();
  await putQemu(home, "\u001b[2J\u001b[1;32mok\u001b[0m\r\nloading 10%\rloading 20%\r\nlogin: \u0007");
  expect(await home.machine(["console", "vm"])).toEqual({ code: 0, stdout: "ok\nloading 20%\nlogin: ", stderr: "" });
});

test("machine console -f goes on with what is printed, also after a new start, until Ctrl-C", async () => {
  const home = await newHome();
  const file = await putQemu(home, "first\n");
  const controller = new AbortController();
  const running = home.machine(["console", "-f", "vm"], { signal: controller.signal });
  await new Promise((resolve) => setTimeout(resolve, 600));
  await appendFile(file, "second\nunfin");
  await new Promise((resolve) => setTimeout(resolve, 600));
  await writeFile(file, "anew\n");
  await new Promise((resolve) => setTimeout(resolve, 600));
  controller.abort();
  expect((await running).stdout).toBe("first\nsecond\nanew\n");
});

test("machine console --json answers in lines, with -f as well", async () => {
  const home = await newHome();
  await putQemu(home, "one\n\n\u001b[1mlast");
  const { stdout } = await home.machine(["console", "--json", "vm"]);
  expect(await answersOf("console", stdout)).toEqual([{ line: "one" }, { line: "" }, { line: "last" }]);
  const controller = new AbortController();
  const running = home.machine(["console", "-f", "--json", "vm"], { signal: controller.signal });
  await new Promise((resolve) => setTimeout(resolve, 600));
  controller.abort();
  expect(await answersOf("console", (await running).stdout)).toEqual([{ line: "one" }, { line: "" }]);
});

test("machine snapshot --json answers as its schema says", async () => {
  const home = await newHome();
  await putQemu(home, "");
  await output("qemu-img", ["create", "-f", "qcow2", join(home.store, "machines", "vm", "disk.qcow2"), "1M"]);
  const answer = async (...words: readonly string[]) => {
    const { stdout, stderr } = await home.machine(["snapshot", "--json", "vm", ...words], {
      env: { PATH: process.env["PATH"] },
    });
    expect(stderr).toBe("");
    return answerOf("snapshot", stdout);
  };
  expect(await answer("ls")).toEqual([]);
  expect(await answer("save", "clean")).toEqual({ name: "vm", snapshot: "clean" });
  expect(await answer("ls")).toMatchObject([{ name: "vm", snapshot: "clean", hasMemory: false }]);
  expect(await answer("restore", "clean")).toEqual({ name: "vm", snapshot: "clean" });
  expect(await answer("rm", "clean")).toEqual({ name: "vm", snapshot: "clean" });
});

test("machine console prints nothing of a machine that was never started", async () => {
  const home = await newHome();
  const file = await putQemu(home, "");
  expect(await home.machine(["console", "vm"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(file).toContain("console.log");
});

test.each([
  { argv: ["console", "web"], error: /none driver does not support console/ },
  { argv: ["snapshot", "web", "ls"], error: /none driver does not support snapshots/ },
  { argv: ["snapshot", "web", "save"], error: /none driver does not support snapshots/ },
  { argv: ["snapshot", "web", "restore", "a"], error: /none driver does not support snapshots/ },
])("machine $argv says that a driver cannot do it", async ({ argv, error }) => {
  const home = await newHome();
  await createNone(home, "web");
  const ran = await home.machine(argv);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toMatch(error);
});

test.each([
  [["snapshot"], "a machine, what to do"],
  [["snapshot", "vm"], "a machine, what to do"],
  [["snapshot", "vm", "constructor", "x"], "a machine, what to do"],
  [["snapshot", "vm", "restore"], "a machine, what to do"],
  [["snapshot", "vm", "rm"], "a machine, what to do"],
  [["snapshot", "vm", "ls", "x"], "a machine, what to do"],
  [["snapshot", "vm", "save", "a", "b"], "a machine, what to do"],
  [["snapshot", "vm", "save", "12"], "no name for a snapshot"],
  [["snapshot", "vm", "save", "-x"], "flag"],
  [["snapshot", "vm", "save", "a\nb"], "no name for a snapshot"],
])("machine %j is refused", async (argv, error) => {
  const home = await newHome();
  await putQemu(home, "");
  const ran = await home.machine(argv);
  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toContain(error);
});
