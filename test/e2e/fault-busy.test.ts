import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { contentsOf } from "../commands/support.js";
import { type Finished, output } from "../support/command.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import { contenders, suspended } from "../support/suspended.js";
import { type Program } from "../support/program.js";

describeOnHosts("commands at the same time", (lab) => {
  let program: Program;
  let hosts: readonly Host[];
  /** The first creates of the store, all at once. */
  let created: readonly Finished[];
  beforeAll(async () => {
    [program, ...hosts] = await Promise.all([
      lab.installProgram(),
      ...[1, 2, 3].map(() => lab.createHost({ image: "engine" })),
    ]);
    const none = [1, 2, 3, 4, 5].map((n) => ["create", "-d", "none", "--url", "tcp://127.0.0.1:1", `n${String(n)}`]);
    const lines = [...hosts.map((host, index) => generic(`g${String(index)}`, host)), ...none];
    created = await Promise.all(lines.map((line) => program.machine(line)));
  });

  const generic = (name: string, host = hosts[0]): string[] => [
    ...["create", "-d", "generic", "--generic-ip-address", host?.address ?? ""],
    ...["--generic-ssh-key", host?.keyPath ?? "", name],
  ];

  async function expectServing(name: string): Promise<void> {
    const served = await program.bash(`eval "$(machine env ${name})" && docker version --format "{{.Server.Os}}"`);
    expect(served, name).toMatchObject({ code: 0, stdout: "linux\n", stderr: "" });
  }

  test("eight creates in an empty store make one authority, and every certificate is of it", async () => {
    for (const one of created) expect(one).toMatchObject({ code: 0 });
    const told = created.map(({ stderr }) => stderr).join("");
    expect(told.match(/^Creating (CA|client certificate): /gm)).toHaveLength(2);

    const certs = join(program.store, "certs");
    const ca = await readFile(join(certs, "ca.pem"), "utf8");
    const verified = (path: string): Promise<string> =>
      output("openssl", ["verify", "-CAfile", join(certs, "ca.pem"), path]);
    await verified(join(certs, "cert.pem"));
    for (const name of ["g0", "g1", "g2"]) {
      const dir = join(program.store, "machines", name);
      expect(await readFile(join(dir, "ca.pem"), "utf8")).toBe(ca);
      for (const leaf of ["cert.pem", "server.pem"]) await verified(join(dir, leaf));
      await expectServing(name);
    }
    expect((await program.machine(["ls", "-q"])).stdout).toBe("g0\ng1\ng2\nn1\nn2\nn3\nn4\nn5\n");
    expect(await readdir(join(program.store, "locks"), { recursive: true })).toEqual(["machines"]);
  });

  test("creates of one name give it to one of them, and the others touch nothing", async () => {
    const created = await Promise.all([1, 2, 3, 4].map(() => program.machine(generic("web"))));
    expect(created.filter(({ code }) => code === 0)).toHaveLength(1);
    for (const { code, stderr } of created.filter((one) => one.code !== 0)) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Docker machine "web" already exists\n$|^web is in use by process \d+ \(create web\)/m);
    }
    await expectServing("web");
  });

  test("wait for each other: two provisions of one machine both succeed", async () => {
    const both = await Promise.all([1, 2].map(() => program.machine(["provision", "g1"])));
    expect(both).toMatchObject([{ code: 0 }, { code: 0 }]);
    await expectServing("g1");
  });

  test("that wait too long say who works on the machine, and change nothing", async () => {
    const holder = await suspended(program, "g1", ["provision", "g1"]);
    const before = await contentsOf(join(program.store, "machines"));
    const held = `g1 is in use by process ${String(holder.pid)} (provision g1), since 20`;
    const lines = [
      ["provision", "g1"],
      ["regenerate-certs", "-f", "g1"],
      ["upgrade", "g1"],
      ["rm", "-y", "g1"],
    ];
    for (const refused of await Promise.all(lines.map((line) => program.machine(line)))) {
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(held);
      expect(refused.stderr).toMatch(/\nhint: try again when it is done; .*delete .*\/locks\/machines\/g1\/hold\./);
    }
    const taken = await program.machine(generic("g1"));
    expect(taken).toMatchObject({ code: 1, stderr: 'Docker machine "g1" already exists\n' });
    expect(await contentsOf(join(program.store, "machines"))).toEqual(before);
    expect(await holder.resume()).toMatchObject({ code: 0 });
    await expectServing("g1");
  });

  test("a provision that waited for rm finds that the machine is gone", async () => {
    const holder = await suspended(program, "g2", ["provision", "g2"]);
    const removed = program.machine(["rm", "-y", "g2"]);
    while ((await contenders(program.store, "g2")).length < 2) await sleep(1);
    const late = await suspended(program, "g2", ["provision", "g2"], 2);
    expect(await holder.resume()).toMatchObject({ code: 0 });
    expect(await removed).toMatchObject({ code: 0 });
    const { code, stderr } = await late.resume();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Docker machine "g2" does not exist\./);
    expect(await readdir(join(program.store, "machines"))).not.toContain("g2");
    expect(await contenders(program.store, "g2")).toEqual([]);
  });
});
