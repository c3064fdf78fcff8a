import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { makeServerCertificate, renewAuthority, type Identity } from "../../src/tls/certificate.js";
import { expectClearError, generic, start } from "../support/fault.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";
import type { Program } from "../support/program.js";

const day = 24 * 3_600_000;

describeOnHosts("time", (lab) => {
  let program: Program;
  let host: Host;
  beforeAll(async () => {
    program = await lab.installProgram();
    host = await lab.createHost({ image: "engine" });
    expect(await program.machine(["create", ...generic(host), "web"])).toMatchObject({ code: 0 });
  });

  const version = async ({ bash } = program): Promise<number> =>
    (await bash('eval "$(machine env web)" && docker version')).code;

  test("that has run out for the engine's certificate is told by env, and regenerate-certs gives another", async () => {
    const names = ["web", host.address];
    const old = await makeServerCertificate(await authority(), {
      ...{ user: "ann", machine: "web", names },
      now: Date.now() - 400 * day,
    });
    await replace("server.pem", old.cert);
    await replace("server-key.pem", old.key);
    await expectExpired();
    expect(await program.machine(["regenerate-certs", "-f", "web"])).toMatchObject({ code: 0 });
    expect(await program.machine(["env", "web"])).toMatchObject({ code: 0, stderr: "" });
    expect(await version()).toBe(0);
  });

  test("that has run out for the authority is told by env, and regenerate-certs gives new dates to the same key", async () => {
    const { cert, key } = await authority();
    const old = await renewAuthority({ cert, key }, Date.now() - 3_700 * day);
    await writeFile(join(program.store, "certs", "ca.pem"), old);
    await replace("ca.pem", old);
    await expectExpired();
    const renewed = await program.machine(["regenerate-certs", "-f", "web"]);
    expect(renewed).toMatchObject({ code: 0 });
    expect(renewed.stderr).toMatch(/Renewing CA: .* \(it ended on .*; every machine needs the new one: /);
    expect((await authority()).key).toBe(key);
    expect(await program.machine(["env", "web"])).toMatchObject({ code: 0, stderr: "" });
    expect(await version()).toBe(0);
  });

  test.each(["+5m", "-5m"])("that is %s by this computer's clock changes nothing", async (clock) => {
    const other = await lab.installProgram();
    expect(await start(other, ["create", ...generic(host), "web"], clock).end).toMatchObject({ code: 0 });
    expect(await version(other)).toBe(0);
    for (const later of ["+5m", "-5m"]) {
      expect(await start(other, ["env", "web"], later).end).toMatchObject({ code: 0, stderr: "" });
      expect((await start(other, ["ls"], later).end).stdout).toMatch(/^web .*v\d\S+ +$/m);
    }
  });

  async function authority(): Promise<Identity> {
    const read = (name: string): Promise<string> => readFile(join(program.store, "certs", name), "utf8");
    return { cert: await read("ca.pem"), key: await read("ca-key.pem") };
  }

  /** Puts a file where the machine has it, and where its engine has it. */
  async function replace(name: string, text: string): Promise<void> {
    await writeFile(join(program.store, "machines", "web", name), text);
    await host.exec(`cat >/etc/docker/${name}`, { input: text });
  }

  async function expectExpired(): Promise<void> {
    await host.exec("systemctl restart docker");
    expectClearError(
      await program.machine(["env", "web"]),
      `There was an error validating certificates for host "${host.address}:2376"`,
      "has expired",
      "hint: give the machine new certificates: machine regenerate-certs web\n",
    );
    expect((await program.machine(["ls"])).stdout).toMatch(/^web .*Unable to query docker version: .* has expired/m);
    expect((await host.exec("docker version")).code).toBe(0);
  }
});
