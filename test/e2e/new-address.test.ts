import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import generic from "../../drivers/generic/index.js";
import { createMachine } from "../../src/core/create/create.js";
import { planMachine } from "../../src/core/create/plan.js";
import { changePower } from "../../src/core/manage/power.js";
import { openSession, type Session } from "../../src/core/session/session.js";
import type { Driver } from "../../src/driver/index.js";
import { output } from "../support/command.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";

/** A second address in the host's own network, as a cloud gives a machine a new one at its start. */
function otherAddress({ address }: Host): string {
  const parts = address.split(".");
  return [...parts.slice(0, 3), String(Number(parts[3]) + 100)].join(".");
}

/** The generic driver, for a host that is started at another address. */
function moving(host: Host): Driver {
  let started = false;
  return {
    ...generic,
    inspect: () => Promise.resolve({ status: started ? "running" : "stopped" }),
    async start() {
      started = true;
      await host.exec(`ip address add ${otherAddress(host)}/16 dev eth0`);
      return { IPAddress: otherAddress(host) };
    },
  };
}

async function newSession(driver: Driver, told: string[]): Promise<Session> {
  const root = await mkdtemp(join(tmpdir(), "machine-store-"));
  const session = openSession({
    env: { PATH: process.env["PATH"], HOME: root },
    signal: new AbortController().signal,
    report: () => undefined,
    tell: (line) => void told.push(line),
    debug: () => undefined,
    ask: () => Promise.resolve(undefined),
    storagePath: join(root, "store"),
    tls: { tlsCaCert: undefined, tlsCaKey: undefined, tlsClientCert: undefined, tlsClientKey: undefined },
    command: "test",
  });
  onTestFinished(async () => {
    await session.close();
    await rm(root, { recursive: true, force: true });
  });
  return { ...session, findDriver: () => Promise.resolve(driver) };
}

describeOnHosts("A machine that starts at another address", (lab) => {
  test("has a certificate and a docker context for it afterwards, with the sudo password as provision has it", async () => {
    const host = await lab.createHost({ image: "engine" });
    const driver = moving(host);
    const told: string[] = [];
    const session = await newSession(driver, told);
    const values = { ipAddress: host.address, sshUser: "admin", sshKey: host.keyPath, sshPort: 22, enginePort: 2376 };
    const sudoPassword = (): Promise<string> => Promise.resolve("adminpw");
    const provision = { sudoPassword };
    const planned = await planMachine(session, {
      ...{ name: "web", driver, values: { ...values, sshHostKey: host.hostKeyFingerprint, sshJump: [] }, provision },
      ...{ engine: {}, swarm: {}, serverCertSANs: [], transport: "tls", keepOnFailure: false },
    });
    await createMachine(session, planned);
    const certificate = join(session.store.dir("web"), "server.pem");
    const isFor = async (address: string): Promise<boolean> =>
      new X509Certificate(await readFile(certificate)).checkIP(address) !== undefined;
    expect(await isFor(otherAddress(host))).toBe(false);

    await changePower(session, "web", "start", sudoPassword);
    expect(await isFor(otherAddress(host))).toBe(true);
    expect((await session.store.read("web")).config.Driver.IPAddress).toBe(otherAddress(host));
    expect(told.join("\n")).toContain(`its address is ${otherAddress(host)} now`);
    const served = await host.exec(
      `openssl s_client -connect ${otherAddress(host)}:2376 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName`,
    );
    expect(served.stdout).toContain(`IP Address:${otherAddress(host)}`);

    const client = (...args: readonly string[]): Promise<string> => output("docker", args, { env: session.env });
    const [{ Endpoints }] = JSON.parse(await client("context", "inspect", "web")) as [{ Endpoints: object }];
    expect(Endpoints).toMatchObject({ docker: { Host: `tcp://${otherAddress(host)}:2376` } });
    expect(await client("--context", "web", "info", "--format", "{{.Name}}")).toBe("web");
  });
});
