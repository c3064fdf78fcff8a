import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Finished } from "../support/command.js";
import { expectClearError, stateOf } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

describeOnHosts("A lab of three hosts", (lab) => {
  let program: Program;
  let hosts: readonly Host[];
  beforeAll(async () => {
    program = await lab.installProgram();
    hosts = await Promise.all([1, 2, 3].map(() => lab.createHost({ image: "engine" })));
  });

  const states = async (): Promise<string> => (await program.machine(["ls", "-f", "{{.Name}} {{.State}}"])).stdout;

  /** Makes what is missing. @param user of the last host; there is no ghost */
  async function up(user: "root" | "ghost"): Promise<Finished> {
    const entries = hosts.map((host, index) => {
      const account = index === 2 ? `, generic-ssh-user: ${user}` : "";
      return `  host-${String(index)}: { generic-ip-address: ${host.address}, generic-ssh-key: ${host.keyPath}${account} }\n`;
    });
    await writeFile(
      join(program.home, "lab.yaml"),
      `defaults: { driver: generic, engine-label: [lab=docker] }\nmachines:\n${entries.join("")}`,
    );
    return program.machine(["lab", "up", join(program.home, "lab.yaml")]);
  }

  test("is made but for the one that fails, which is named with what to type next", async () => {
    const made = await up("ghost");
    expectClearError(
      made,
      `host-2: ${hosts[2]?.address ?? ""} port 22 refused the login of ghost`,
      "\nnot complete: host-2\n",
      /; to make what is missing: .* lab up \S+lab\.yaml\n/,
    );
    expect(made.stdout).toBe("host-0 was made\nhost-1 was made\n");
    expect(await states()).toBe("host-0 Running\nhost-1 Running\n");
    expect((await program.bash('eval "$(machine env host-1)"; docker info -f "{{.Labels}}"')).stdout).toMatch(
      /lab=docker/,
    );
  });

  test("is completed once that is mended, and again when a machine was removed, and nothing else is touched", async () => {
    await up("ghost");
    const before = await Promise.all(hosts.slice(0, 2).map(stateOf));
    const there = (name: string): string => `${name} is there already, and was not touched\n`;
    const completed = await up("root");
    expect(completed).toMatchObject({ code: 0, stdout: `${there("host-0")}${there("host-1")}host-2 was made\n` });
    await program.machine(["rm", "-y", "host-1"]);
    const again = await up("root");
    expect(again).toMatchObject({ code: 0, stdout: `${there("host-0")}host-1 was made\n${there("host-2")}` });
    expect(again.stderr).not.toMatch(/host-[02]/);
    expect(await stateOf(hosts[0] as Host)).toEqual(before[0]);
    expect(await states()).toBe("host-0 Running\nhost-1 Running\nhost-2 Running\n");
  });

  test("is taken down whole", async () => {
    expect(await up("root")).toMatchObject({ code: 0 });
    await program.machine(["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "other"]);
    expect((await program.machine(["lab", "down", "-y", join(program.home, "lab.yaml")])).code).toBe(0);
    expect((await program.machine(["ls", "-q"])).stdout).toBe("other\n");
    const { stdout } = await program.machine(["lab", "status", join(program.home, "lab.yaml")]);
    expect(stdout).toMatch(/^NAME .*\n(host-\d +generic +Missing .*\n){3}$/);
  });
});
