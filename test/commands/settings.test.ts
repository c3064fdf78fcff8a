import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { onSmallDisk } from "../store/support.js";
import { newHome } from "./support.js";

test("what is kept stands where neither a flag nor a variable says anything", async () => {
  const home = await newHome();
  for (const words of [
    ["driver", "none"],
    ["url", "tcp://192.0.2.7:2376"],
    ["engine-label", "a=b", "c=d"],
  ]) {
    expect(await home.machine(["settings", "set", ...words])).toEqual({ code: 0, stdout: "", stderr: "" });
  }
  expect((await home.machine(["settings"])).stdout).toBe(
    "driver=none\nurl=tcp://192.0.2.7:2376\nengine-label=a=b,c=d\n",
  );
  expect((await stat(join(home.store, "settings.json"))).mode & 0o777).toBe(0o600);

  await home.machine(["create", "one"]);
  await home.machine(["create", "--url", "tcp://192.0.2.8:2376", "two"]);
  const facts = "{{.DriverName}} {{.Driver.URL}} {{.HostOptions.EngineOptions.Labels}}";
  expect((await home.machine(["inspect", "-f", facts, "one"])).stdout).toBe("none tcp://192.0.2.7:2376 [a=b c=d]\n");
  expect((await home.machine(["inspect", "-f", facts, "two"])).stdout).toBe("none tcp://192.0.2.8:2376 [a=b c=d]\n");
  const other = await home.machine(["create", "-d", "generic", "three"]);
  expect(other.stderr).toContain("generic driver requires the --generic-ip-address option");
  const byVariable = await home.machine(["create", "four"], { env: { MACHINE_DRIVER: "generic" } });
  expect(byVariable.stderr).toContain("generic driver requires the --generic-ip-address option");

  await home.machine(["settings", "unset", "url", "driver", "unheard-of"]);
  expect((await home.machine(["settings", "ls"])).stdout).toBe("engine-label=a=b,c=d\n");
});

test.each([
  [["set", "bogus", "1"], "create has no option --bogus"],
  [["set", "amazonec2-secret-key", "hunter2"], "--amazonec2-secret-key is a secret, which is never saved"],
  [["set", "qemu-memory", "much"], '--qemu-memory must be a whole number, not "much"'],
  [["set", "engine-source", "magic"], '--engine-source must be one of script, distro, not "magic"'],
  [["set", "driver", "none", "generic"], "--driver takes one value"],
  [["set", "driver"], "machine settings [ls | set NAME VALUE... | unset NAME...]"],
  [["unset"], "machine settings [ls | set NAME VALUE... | unset NAME...]"],
])("settings %j is refused, and nothing is kept", async (words, message) => {
  const home = await newHome();
  const { code, stderr } = await home.machine(["settings", ...words]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(stderr).not.toContain("hunter2");
  expect((await home.machine(["settings"])).stdout).toBe("");
});

test("settings that are broken stop create, which says what to mend, and nothing is lost", async () => {
  const home = await newHome();
  await home.machine(["settings", "set", "driver", "none"]);
  const path = join(home.store, "settings.json");
  await writeFile(path, '{"driver": "no');
  for (const words of [["create", "web"], ["settings"], ["settings", "set", "driver", "qemu"]]) {
    const { code, stderr } = await home.machine(words);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`mend or delete ${path}`)]);
  }
  expect(await readFile(path, "utf8")).toBe('{"driver": "no');
});

test("settings that are kept at the same time are all kept", async () => {
  const home = await newHome();
  const names = ["qemu-memory", "qemu-disk-size", "virtualbox-memory", "virtualbox-disk-size", "virtualbox-cpu-count"];
  await Promise.all(names.map((name) => home.machine(["settings", "set", name, "4096"])));
  expect((await home.machine(["settings"])).stdout.split("\n").filter((line) => line !== "")).toHaveLength(5);
});

test("what cannot be kept on a full disk is said in words, and what was kept stays", async (context) => {
  const home = await newHome();
  await onSmallDisk(context, home.home, async (disk) => {
    const store = join(disk, "store");
    const machine = (...argv: readonly string[]) => home.machine(["-s", store, ...argv]);
    expect(await machine("settings", "set", "driver", "none")).toMatchObject({ code: 0 });
    await writeFile(join(disk, "filler"), Buffer.alloc(1_000_000)).catch(() => undefined);
    const { code, stderr } = await machine("settings", "set", "engine-label", "a".repeat(30_000));
    expect(code).toBe(1);
    expect(stderr).toMatch(/settings\.json cannot be written: ENOSPC[^]*make room on that disk/);
    expect((await machine("settings")).stdout).toBe("driver=none\n");
  });
});
