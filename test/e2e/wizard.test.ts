import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { forTests, installPrerequisites } from "../support/prerequisites.js";
import type { Program } from "../support/program.js";
import { openScreen, type Screen } from "../support/screen.js";

describeOnHosts("the wizard", (lab) => {
  let program: Program;
  let host: Host;
  let screen: Screen | undefined;
  beforeAll(async () => {
    await installPrerequisites(forTests.filter((each) => each.program === "tmux"));
    host = await lab.createHost({ image: "engine" });
  });
  beforeEach(async () => {
    program = await lab.installProgram();
  });
  afterEach(async () => {
    await screen?.close();
    screen = undefined;
  });

  const start = async (...args: readonly string[]): Promise<Screen> => (screen = await openScreen(program, args));

  test("asks for driver, name and options, says at once what cannot be, makes the machine and keeps the answers", async () => {
    const { shows, type } = await start("create");
    await shows(/\? Driver/);
    await type("Down", "Enter");
    await shows(/\? Name of the machine \(default\)/);
    await type("a b", "Enter");
    await shows(/Invalid hostname specified/);
    await type("C-u", "web", "Enter");
    await shows(/\? IP address or name of the host/);
    const nobody = host.address.replace(/\d+$/, "250");
    await type(nobody, "Enter");
    await shows(new RegExp(`${nobody} does not answer at port 22`));
    await type("C-u", host.address, "Enter");
    await shows(/\? User to log in as \(root\)/);
    await type("Enter");
    await shows(/\? Private key file/);
    await type("/no/key", "Enter");
    await shows(/SSH key does not exist: "\/no\/key"/);
    await type("C-u", host.keyPath, "Enter");
    const command = `create -d generic --generic-ip-address ${host.address} --generic-ssh-key ${host.keyPath} web`;
    const asked = await shows(/Go on\?/);
    expect(asked.replaceAll("\n", "")).toContain(command);
    const [, entry = ""] = /lab up:\n([^]*?)\n\? /.exec(asked) ?? [];
    expect(entry.replace(/^ {2}/gm, "")).toBe(
      ["machines:", "  web:", "    driver: generic", `    generic-ip-address: ${host.address}`].join("\n") +
        `\n    generic-ssh-key: ${host.keyPath}`,
    );
    expect(await readdir(program.store).catch(() => [])).not.toContain("machines");
    await type("Down", "Enter");
    const done = await shows(/status \d+/);
    expect(done).toMatch(/✔ web: log in to the host \(\d+\.\d s\)/);
    expect(done).toContain("Docker is up and running!");
    expect(done).toContain("status 0");
    expect((await program.machine(["ls", "-f", "{{.Name}} {{.DriverName}} {{.State}}"])).stdout).toBe(
      "web generic Running\n",
    );
    expect((await program.machine(["settings"])).stdout.split("\n").sort()).toEqual([
      ...["", "driver=generic", `generic-ip-address=${host.address}`, `generic-ssh-key=${host.keyPath}`],
    ]);
  });

  test("offers the answers that were kept, and makes nothing where it is left by Ctrl-C", async () => {
    for (const [name, value] of [
      ["driver", "generic"],
      ["generic-ip-address", host.address],
    ] as const)
      expect(await program.machine(["settings", "set", name, value])).toMatchObject({ code: 0 });
    const { shows, type } = await start("create", "--interactive", "other");
    expect(await shows(/\? Driver/)).toMatch(/❯ generic/);
    await type("Enter");
    await shows(/\? Name of the machine \(other\)/);
    await type("Enter");
    await shows(new RegExp(`IP address or name of the host \\(${host.address}\\)`));
    await type("C-c");
    expect(await shows(/status \d+/)).toContain("status 130");
    expect(await readdir(join(program.store, "machines")).catch(() => [])).toEqual([]);
  });

  test("shows the entry of a lab that makes the same machine", async () => {
    const { shows, type } = await start("create", "--interactive", "-d", "none", "--engine-label", "a=b: c", "near");
    await shows(/❯ none/);
    await type("Enter");
    await shows(/Name of the machine \(near\)/);
    await type("Enter");
    await shows(/URL of the engine/);
    await type("tcp://127.0.0.1:1", "Enter");
    const [, entry = ""] = /lab up:\n([^]*?)\n\? /.exec(await shows(/Go on\?/)) ?? [];
    await writeFile(join(program.home, "lab.yaml"), entry);
    expect((await program.machine(["lab", "up", join(program.home, "lab.yaml")])).code).toBe(0);
    const facts = "{{.DriverName}} {{.Driver.URL}} {{.HostOptions.EngineOptions.Labels}}";
    const { stdout } = await program.machine(["inspect", "-f", facts, "near"]);
    expect(stdout).toBe("none tcp://127.0.0.1:1 [a=b: c]\n");
  });

  test("leaves nothing where it is left at its last question", async () => {
    await program.machine(["create", "-d", "none", "--url", "tcp://192.0.2.7:2376", "far"]);
    const { shows, type } = await start("create", "-d", "none", "--url", "tcp://192.0.2.8:2376");
    await shows(/❯ none/);
    await type("Enter");
    await shows(/Name of the machine/);
    await type("far", "Enter");
    await shows(/Docker machine "far" already exists/);
    await type("C-u", "near", "Enter");
    await shows(/URL of the engine.*\(tcp:\/\/192\.0\.2\.8:2376\)/);
    await type("Enter");
    await shows(/Go on\?/);
    await type("Up", "Enter");
    expect(await shows(/status \d+/)).toContain("status 0");
    expect(await readdir(join(program.store, "machines"))).toEqual(["far"]);
    expect(existsSync(join(program.store, "settings.json"))).toBe(false);
  });

  test("is not begun where nobody can be asked", async () => {
    const { code, stderr } = await program.machine(["create", "--interactive"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--interactive needs a terminal to ask at")]);
    expect((await program.machine(["create"])).stderr).toContain("Error: No machine name specified");
  });
});
