import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import generic from "../../drivers/generic/index.js";
import { restart } from "../../drivers/generic/power.js";
import type { GenericState } from "../../drivers/generic/state.js";
import { driverChecks, fakeIo } from "../../src/driver/conformance.js";
import { MachineError, resolve, type DriverState, type Io } from "../../src/driver/index.js";

const dir = await mkdtemp(join(tmpdir(), "machine-generic-"));
const key = join(dir, "key");
await writeFile(key, "a key");
await chmod(key, 0o600);
afterAll(() => rm(dir, { recursive: true }));

const state = {
  IPAddress: "127.0.0.1",
  MachineName: "web-1",
  SSHUser: "ann",
  SSHPort: 1,
  SSHKeyPath: key,
  StorePath: dir,
  SwarmMaster: false,
  SwarmHost: "",
  SwarmDiscovery: "",
  EnginePort: 1,
  SSHKey: key,
};

describe("the generic driver", () => {
  const checks = driverChecks(generic, {
    options: { ipAddress: "127.0.0.1", sshUser: "ann", sshKey: key, sshPort: 1, enginePort: 1 },
    refused: [
      { options: {}, error: /^generic driver requires the --generic-ip-address option$/ },
      ...["172.17.0.4:22", "root@172.17.0.4", "ssh://172.17.0.4", "a b", "fe80::1%eth0", "a\nb", "web/"].map(
        (ipAddress) => ({
          options: { ipAddress },
          error: /^--generic-ip-address must be an address or a name, not /,
        }),
      ),
      { options: { ipAddress: "127.0.0.1", sshKey: "/nonexist" }, error: /^SSH key does not exist: "\/nonexist"$/ },
      { options: { ipAddress: "127.0.0.1", sshPort: 70_000 }, error: /^--generic-ssh-port must be at most 65535$/ },
      { options: { ipAddress: "127.0.0.1", peerAddress: "a b" }, error: /^--generic-peer-address must be an address/ },
      { options: { ipAddress: "127.0.0.1", sshHostKey: "MD5:aa" }, error: /^--generic-ssh-host-key must be SHA256:/ },
    ],
    // It cannot tell a host that was taken down from one that is switched off.
    whenGone: "stopped",
  });
  for (const { name, run } of checks) test(name, run);

  test.each([
    ["[2001:db8::7]", "2001:db8::7"],
    [" 192.0.2.7\n", "192.0.2.7"],
    ["web.example.org", "web.example.org"],
  ])("takes %j as %s", async (ipAddress, address) => {
    const values = resolve(generic.options, [{ ipAddress }], "generic");
    const storeId = () => Promise.resolve("owner");
    const planned = await generic.plan(values, { name: "web-1", dir, common: state, storeId }, fakeIo());
    expect(planned.IPAddress).toBe(address);
  });

  test("reaches an IPv6 host by a URL with brackets", () => {
    expect(generic.access({ ...state, IPAddress: "2001:db8::7" })).toMatchObject({
      docker: "tcp://[2001:db8::7]:1",
      shell: { host: "2001:db8::7" },
    });
  });

  test("is reached by other machines at its own address, or at the one that was given for them", async () => {
    expect(generic.access(state).peer).toEqual({ address: "127.0.0.1", port: 1 });
    const values = resolve(generic.options, [{ ipAddress: "192.0.2.7", peerAddress: "10.0.0.7" }], "generic");
    const storeId = () => Promise.resolve("owner");
    const planned = await generic.plan(values, { name: "web-1", dir, common: state, storeId }, fakeIo());
    expect(generic.access(planned).peer).toEqual({ address: "10.0.0.7", port: 2376 });
  });

  test("is running while something accepts connections at the ssh port", async () => {
    const { server, port } = await listening();
    const machine = { name: "web-1", dir, state: { ...state, SSHPort: port } as DriverState };
    expect(await generic.inspect(machine, fakeIo())).toEqual({ status: "running" });
    await new Promise((done) => server.close(done));
    expect(await generic.inspect(machine, fakeIo())).toEqual({ status: "stopped" });
  });
});

describe("a reboot", () => {
  const state = { IPAddress: "192.0.2.7", SSHPort: 22, SSHUser: "ann", SSHKeyPath: "" } as GenericState;
  const machine = { name: "web-1", dir: "/nowhere", state };

  test("is over only when another boot id answers", async () => {
    const answers = ["one", "", "one", new MachineError("unreachable", "gone"), "two"];
    const io = scripted(answers);
    await restart(machine, io);
    expect(answers).toEqual([]);
  });

  test("that sudo refuses is an error with what sudo said", async () => {
    const io = fakeIo({ cat: "one", if: { code: 1, stderr: "sudo: a password is required" } });
    await expect(restart(machine, io)).rejects.toMatchObject({ output: "sudo: a password is required" });
  });

  test("that never ends is given up", async () => {
    const io = fakeIo({ cat: "one", if: "" });
    await expect(restart(machine, io)).rejects.toThrow("gave up waiting for 192.0.2.7 to come up again after 180 s");
  });
});

/** Answers one command after another. */
function scripted(answers: (string | Error)[]): Io {
  const exec = (): Promise<{ stdout: string; stderr: string; code: number }> => {
    const next = answers.shift() ?? "";
    return next instanceof Error ? Promise.reject(next) : Promise.resolve({ stdout: next, stderr: "", code: 0 });
  };
  return { ...fakeIo(), shell: () => Promise.resolve({ exec }) };
}

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return { server, port: typeof address === "object" && address !== null ? address.port : 0 };
}
