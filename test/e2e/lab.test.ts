import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { finish, output } from "../support/command.js";
import { docker, tryDocker } from "../support/engine.js";
import type { Host } from "../support/host.js";
import { describeOnHosts } from "../support/lab.js";

describeOnHosts("the lab", (lab) => {
  test("gives a bare Debian, where three accounts accept the key and sudo does as each should", async () => {
    const host = await lab.createHost();
    expect((await host.exec("systemctl is-system-running")).stdout).toBe("running\n");
    expect((await host.exec("command -v docker")).code).not.toBe(0);
    expect(await ssh(host, "root", "id -un")).toEqual({ stdout: "root\n", stderr: "", code: 0 });
    expect(await ssh(host, "user", "sudo -n id -un")).toEqual({ stdout: "root\n", stderr: "", code: 0 });
    expect((await ssh(host, "admin", "sudo -n id -un")).stderr).toContain("a password is required");
    expect((await ssh(host, "admin", "echo adminpw | sudo -S -p '' id -un")).stdout).toBe("root\n");
  });

  test("gives each host a key, host keys and an identity of its own, and sshd settings if wished", async () => {
    const [one, other] = await Promise.all([
      lab.createHost({ port: 2222, sshdConfig: "Banner /etc/os-release" }),
      lab.createHost(),
    ]);
    expect((await ssh(one, "user", "hostname")).stderr).toContain("PRETTY_NAME");
    expect((await ssh({ ...other, keyPath: one.keyPath }, "user", "true")).code).toBe(255);
    expect(other.hostKeyFingerprint).not.toBe(one.hostKeyFingerprint);
    expect(await identity(other)).not.toBe(await identity(one));
    expect(await identity(one)).toMatch(/^[0-9a-f]{32}\n$/);
  });

  test("tells whether a byte below /etc was changed", async () => {
    const host = await lab.createHost();
    const before = await host.files();
    expect(await host.files()).toEqual(before);
    await host.exec("echo more >> /etc/hosts && chmod 600 /etc/motd");
    const after = await host.files();
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(changed).toEqual(["/etc/hosts", "/etc/motd"]);
  });

  test("serves an install script that brings an engine to a bare host, and scripts that fail", async () => {
    const host = await lab.createHost();
    const { url, requests } = await lab.serveInstallScripts();
    expect((await host.exec(`curl -sSf ${url}/404`)).stderr).toContain("404");
    expect((await host.exec(`curl -sSf ${url}/empty`)).stdout).toBe("");
    expect((await host.exec(`curl -sSf ${url}/exit1 | sh`)).code).toBe(1);
    expect((await host.exec(`curl -sSf -m 0.5 ${url}/hang`)).stderr).toContain("timed out");
    const installed = await ssh(host, "user", `curl -sSf -o install.sh ${url}/install.sh && sh install.sh`);
    expect(installed.code, installed.stderr).toBe(0);
    expect((await host.exec("docker version --format '{{.Server.Version}}'")).stdout).toMatch(/^\d+\.\d+/);
    expect(requests).toEqual(["/404", "/empty", "/exit1", "/hang", "/install.sh"]);
  });

  test("gives a host with an engine that runs containers, whose ports other hosts reach", async () => {
    const [host, neighbour] = await Promise.all([lab.createHost({ image: "engine" }), lab.createHost()]);
    await host.exec("docker load", { input: createReadStream(lab.busyboxTar) });
    const web = "mkdir /www && echo hello > /www/index.html && httpd -f -h /www";
    const started = await host.exec(`docker run -d --restart always -p 80:80 busybox sh -c '${web}'`);
    expect(started.code, started.stderr).toBe(0);
    expect((await neighbour.exec(`curl -sS --retry 5 --retry-connrefused http://${host.address}`)).stdout).toBe(
      "hello\n",
    );
    expect((await finish("curl", ["-sS", `http://${host.address}`])).stdout).toBe("hello\n");
  });

  test("lets a host reboot and be the same computer afterwards", async () => {
    const host = await lab.createHost({ reboots: true });
    const before = await identity(host);
    const started = () => docker(lab.engine, ["inspect", "--format", "{{.State.StartedAt}}", host.name]);
    const first = await started();
    await ssh(host, "user", "sudo reboot");
    await expect.poll(started).not.toBe(first);
    const state = async () => (await host.exec("systemctl is-system-running")).stdout;
    await expect.poll(state).toBe("running\n");
    expect(await identity(host)).toBe(before);
    expect(await ssh(host, "user", "id -un")).toEqual({ stdout: "user\n", stderr: "", code: 0 });
  });

  test("leaves nothing of a removed host: no container, no volume, no key", async () => {
    const host = await lab.createHost();
    const volume = await docker(lab.engine, ["inspect", "--format", "{{(index .Mounts 0).Name}}", host.name]);
    await host.remove();
    await host.remove();
    expect((await tryDocker(lab.engine, ["inspect", host.name])).code).toBe(1);
    expect((await tryDocker(lab.engine, ["volume", "inspect", volume])).code).toBe(1);
    expect(await readdir(join(lab.engine.folder, "keys"))).not.toContain(host.name);
  });
});

async function identity(host: Host): Promise<string> {
  return (await host.exec("cat /etc/machine-id")).stdout;
}

/** The system's ssh; it knows the host's key from ssh-keyscan, whose fingerprint must be the one that the lab tells. */
async function ssh(host: Host, account: string, command: string) {
  const folder = await mkdtemp(join(tmpdir(), "ssh-"));
  try {
    const knownHosts = join(folder, "known_hosts");
    await writeFile(knownHosts, await output("ssh-keyscan", ["-t", "ed25519", "-p", String(host.port), host.address]));
    expect(await output("ssh-keygen", ["-l", "-f", knownHosts])).toContain(host.hostKeyFingerprint);
    const options = [`UserKnownHostsFile=${knownHosts}`, "StrictHostKeyChecking=yes", "BatchMode=yes"];
    const args = [...options.flatMap((option) => ["-o", option]), "-i", host.keyPath, "-p", String(host.port)];
    return await finish("ssh", [...args, `${account}@${host.address}`, command]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
