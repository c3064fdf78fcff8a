import { describe, expect, test } from "vitest";
import { createNone, newHome, putGeneric } from "./support.js";

describe("machine ssh", () => {
  test.each(["--help", "-h", "-help"])("shows its help for a leading %s alone", async (flag) => {
    const home = await newHome();
    const shown = await home.machine(["ssh", flag]);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toMatch(/^Usage: docker-machine ssh \[NAME\]/);
    expect(await home.machine(["ssh", "web", flag])).toMatchObject({ code: 1, stdout: "" });
  });

  test("leaves the words of the command alone", async () => {
    const home = await newHome();
    const unknown = /^Docker machine "web" does not exist\./;
    // --json is the remote command's, so the error is not in JSON.
    expect((await home.machine(["ssh", "web", "ls", "--bogus", "--json", "-D"])).stderr).toMatch(unknown);
    const inJson = await home.machine(["--json", "ssh", "web", "ls"]);
    expect(JSON.parse(inJson.stderr)).toMatchObject({ error: { code: "not-found" } });
  });

  test("says that a stopped machine is not running", async () => {
    const home = await newHome();
    await putGeneric(home, "web");
    expect(await home.machine(["ssh", "web", "ls"])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^Error: Cannot run SSH command: Host "web" is not running\n/) as string,
    });
  });

  test("says that a machine of the driver none has no SSH", async () => {
    const home = await newHome();
    await createNone(home, "web");
    expect(await home.machine(["ssh", "web"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "web has no SSH: its driver is none\n",
    });
  });
});

describe("machine scp", () => {
  test.each([[[]], [["web:a"]], [["a", "b", "c"]], [["-r", "web:a"]]])("takes two paths, not %j", async (paths) => {
    const home = await newHome();
    expect(await home.machine(["scp", ...paths])).toEqual({
      code: 1,
      stdout: "",
      stderr: "Improper number of arguments\n",
    });
  });

  test.each([
    ["web:a", "b"],
    ["a", "web:b"],
    ["ann@web:a", "b"],
  ])("needs the machine of %s %s", async (from, to) => {
    const home = await newHome();
    const { code, stdout, stderr } = await home.machine(["scp", from, to]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/Docker machine "web" does not exist\. Use "docker-machine ls" to list machines\./);
  });
});

test("machine trust wants a machine and a fingerprint", async () => {
  const home = await newHome();
  expect(await home.machine(["trust", "web"])).toMatchObject({ code: 2, stdout: "" });
  expect(await home.machine(["trust", "web", "SHA256:x"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Docker machine "web" does not exist\./) as string,
  });
});

describe("machine mount", () => {
  test.each([[[]], [["a", "b", "c"]], [["-u"]]])("takes one or two paths, not %j", async (paths) => {
    const home = await newHome();
    expect(await home.machine(["mount", ...paths])).toEqual({
      code: 1,
      stdout: "",
      stderr: "Improper number of arguments\n",
    });
  });

  test.each([
    [["/srv"], 'Error: No machine name(s) specified and no "default" machine exists'],
    [["web:/srv", "mnt"], 'Docker machine "web" does not exist.'],
    [["-u", "web:/srv", "mnt"], 'Docker machine "web" does not exist.'],
    [["stopped:/srv", "mnt"], 'Error: Cannot mount: Host "stopped" is not running'],
  ])("needs the machine of %j", async (argv, message) => {
    const home = await newHome();
    await putGeneric(home, "stopped");
    const { code, stdout, stderr } = await home.machine(["mount", ...argv]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.startsWith(message), stderr).toBe(true);
  });
});
