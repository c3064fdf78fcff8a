import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CertPaths } from "../../src/tls/authority.js";
import { makeCerts, provisioner } from "../provision/provisioner.js";
import { docker } from "../support/engine.js";
import { describeOnHosts } from "../support/lab.js";

describeOnHosts("A machine with a time to live", (lab) => {
  let certs: CertPaths;
  beforeAll(async () => {
    certs = await makeCerts(await mkdtemp(join(tmpdir(), "provision-")));
  });
  afterAll(() => rm(certs.dir, { recursive: true }));

  test("has a timer at that moment, which holds after a reboot, and which the next provisioning leaves", async () => {
    const host = await lab.createHost({ image: "engine", reboots: true });
    const run = await provisioner(host, certs);
    const before = Date.now();
    await run.provision({}, 2 * 3_600);
    const moment = async (): Promise<number> => {
      const property = "systemctl show -p NextElapseUSecRealtime --value machine-ttl.timer";
      return Number((await host.exec(`date -d "$(${property})" +%s`)).stdout) * 1_000;
    };
    const set = await moment();
    expect(set - before).toBeGreaterThan(2 * 3_600_000 - 2_000);
    expect(set - Date.now()).toBeLessThanOrEqual(2 * 3_600_000);
    expect((await host.exec("systemctl list-timers")).stdout).toMatch(/1h 59min .*machine-ttl\.timer/);
    expect(run.notices.join()).toContain(`the host powers itself off at ${new Date(set).toISOString().slice(0, 10)} `);
    const files = await host.files();
    await run.provision();
    expect(await host.files()).toEqual(files);
    await run.close();
    await docker(lab.engine, ["restart", host.name]);
    await expect.poll(moment).toBe(set);
  });

  test("powers itself off when it is over", async () => {
    const host = await lab.createHost({ image: "engine" });
    const run = await provisioner(host, certs);
    await run.provision({}, 5);
    const isRunning = (): Promise<string> => docker(lab.engine, ["inspect", "-f", "{{.State.Running}}", host.name]);
    await expect.poll(isRunning).toBe("false");
    await run.close();
  });
});
