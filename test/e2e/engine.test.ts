import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { output } from "../support/command.js";
import { docker, engineIn, supervise } from "../support/engine.js";
import { describeOnHosts } from "../support/lab.js";

describeOnHosts("an engine for test hosts", (lab) => {
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), "machine-test-"));
  });
  afterAll(() => rm(data, { recursive: true, force: true }));

  test("goes with everything it made when the test run ends, however it ends", async () => {
    const { slot, supervisor } = await supervise(["90"], { data });
    const pid = await startContainer(slot);
    supervisor.stdin.end();
    await once(supervisor, "exit");
    await expectNothingLeft(slot, pid);
  });

  test("takes the next slot when another run has the first", async () => {
    const first = await supervise(["91", "92"], { data });
    const second = await supervise(["91", "92"], { data });
    await expect(supervise(["91", "92"], { data })).rejects.toThrow("exit code 75");
    expect([first.slot, second.slot]).toEqual(["91", "92"]);
    for (const { supervisor } of [first, second]) {
      supervisor.kill();
      await once(supervisor, "exit");
    }
  });

  test("takes over what a supervisor left that was killed", async () => {
    const { slot, supervisor } = await supervise(["93"], { data });
    const pid = await startContainer(slot);
    supervisor.kill("SIGKILL");
    await once(supervisor, "exit");
    await access(`/proc/${pid}`);

    const next = await supervise(["93"], { data });
    expect(await docker(engineIn(slot), ["ps", "--all", "--quiet"])).toBe("");
    next.supervisor.kill();
    await once(next.supervisor, "exit");
    await expectNothingLeft(slot, pid);
  });

  test("shows the end of dockerd's log when dockerd does not start", async () => {
    await mkdir(join(data, "94"));
    await writeFile(join(data, "94", "containers"), "a file where dockerd wants a folder");
    await expect(supervise(["94"], { data })).rejects.toThrow(/end of its log:[^]*94\/containers: not a directory/);
  });

  /** Returns the process id of a container that waits. */
  async function startContainer(slot: string): Promise<string> {
    const engine = engineIn(slot);
    await docker(engine, ["load", "--input", lab.busyboxTar]);
    await docker(engine, ["run", "--detach", "--volume", "/data", "--name", "waits", "busybox", "sleep", "1000"]);
    return docker(engine, ["inspect", "--format", "{{.State.Pid}}", "waits"]);
  }
});

async function expectNothingLeft(slot: string, pid: string): Promise<void> {
  await expect(readFile(`/proc/${pid}/comm`)).rejects.toThrow("ENOENT");
  await expect(access(engineIn(slot).folder)).rejects.toThrow("ENOENT");
  expect(await output("ip", ["-brief", "link"])).not.toContain(`machine-test${slot}`);
  expect(await output("iptables-save", [])).not.toContain(`machine-test${slot}`);
}
