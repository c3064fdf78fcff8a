import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { restoreSnapshot } from "../../src/core/manage/snapshot.js";
import type { Session } from "../../src/core/session/session.js";
import type { Driver, DriverState } from "../../src/driver/index.js";
import { newConfig } from "../../src/store/config.js";
import { openStore } from "../../src/store/store.js";

test("the installed ssh configuration follows a machine whose snapshot comes up at another port", async () => {
  const root = await mkdtemp(join(tmpdir(), "machine-store-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const store = openStore(root, { command: "test" });
  const state: DriverState = {
    ...{ IPAddress: "127.0.0.1", MachineName: "vm", SSHUser: "ann", SSHPort: 2201, SSHKeyPath: "", StorePath: root },
    ...{ SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" },
  };
  await store.claim("vm", newConfig({ name: "vm", root, driverName: "fake", driver: state }), {
    ...{ phase: "create", done: [], settings: {} },
  });
  const driver = {
    name: "fake",
    access: ({ IPAddress, SSHUser, SSHPort }: DriverState) => ({
      docker: "tcp://127.0.0.1:2376",
      shell: { kind: "ssh", host: IPAddress, user: SSHUser, port: SSHPort },
    }),
    inspect: () => Promise.resolve({ status: "stopped" }),
    snapshots: { restore: () => Promise.resolve({ SSHPort: 2202 }) },
  } as unknown as Driver;
  const told: string[] = [];
  const session = {
    ...{ store, env: { HOME: root }, signal: new AbortController().signal, findDriver: () => Promise.resolve(driver) },
    tell: (line: string) => told.push(line),
  } as unknown as Session;
  await writeFile(store.paths.sshConfig, "");

  await restoreSnapshot(session, "vm", "clean", () => Promise.resolve(undefined));
  expect(told).toEqual([]);
  expect(await readFile(store.paths.sshConfig, "utf8")).toContain("Port 2202");
});
