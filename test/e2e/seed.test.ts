import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fakeIo } from "../../src/driver/fake-io.js";
import { makeKeyPair, type Shell } from "../../src/driver/index.js";
import { finishFirstBoot, seedImage } from "../../src/vm/index.js";
import { finish, output, type Finished } from "../support/command.js";
import { forTests, forVms, installPrerequisites } from "../support/prerequisites.js";
import { bootVm, type Vm, type VmParts } from "../support/vm/boot.js";
import { vmImage } from "../support/vm/image.js";

/** What a person's file of --...-userdata may say, also against us. */
const userData = `#cloud-config
users: [{name: alice}]
ssh_pwauth: true
ssh_deletekeys: false
mounts: [[tmpfs, /mnt/theirs, tmpfs, size=1m]]
write_files: [{path: /etc/written, content: "grüße\\n"}]
runcmd: [[touch, /etc/ran]]
`;

let impossible: string | undefined;
await installPrerequisites([...forTests, ...forVms]).catch((error: unknown) => {
  if (process.env["CI"]) throw error;
  impossible = String(error);
});

describe.skipIf(impossible !== undefined)("a machine with a seed", { timeout: 900_000 }, () => {
  const [mac, fixedMac] = ["52:54:00:5E:ED:01", "52:54:00:5e:ed:02"];
  let folder: string;
  let parts: VmParts;
  let vm: Vm;
  let hostKey: string;

  /** By OpenSSH, which accepts only the given host key. */
  const ssh = (command: string, options: readonly string[] = [], known = "known_hosts"): Promise<Finished> =>
    finish("ssh", [
      ...["-F", "none", "-i", join(folder, "id"), "-p", String(vm.port), "-o", "BatchMode=yes"],
      ...["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${join(folder, known)}`],
      ...["-o", "GlobalKnownHostsFile=none", "-o", "HostKeyAlias=seeded", ...options, "docker@127.0.0.1", command],
    ]);
  const shell: Shell = { exec: (command) => ssh(command) };
  const said = async (command: string): Promise<string> => {
    const { stdout, stderr, code } = await ssh(command);
    expect([command, code, stderr]).toEqual([command, 0, ""]);
    return stdout.trim();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "seeded-"));
    const [ours, theirs, stranger] = await Promise.all([makeKeyPair("us"), makeKeyPair("seeded"), makeKeyPair("x")]);
    hostKey = theirs.publicKey.split(" ").slice(0, 2).join(" ");
    parts = {
      disk: join(folder, "disk.qcow2"),
      seed: join(folder, "seed.iso"),
      console: join(folder, "console.log"),
      macs: [mac, fixedMac],
    };
    const seed = seedImage({
      name: "seeded",
      instanceId: "i-seeded",
      user: "docker",
      authorizedKey: ours.publicKey,
      hostKey: theirs,
      interfaces: [{ mac }, { mac: fixedMac, address: "192.168.59.20/24" }],
      userData,
      mounts: [["tmpfs", "/mnt/ours", "tmpfs", "size=1m", "0", "0"]],
    });
    await writeFile(join(folder, "seed.iso"), seed, { mode: 0o600 });
    await writeFile(join(folder, "id"), ours.privateKey, { mode: 0o600 });
    await writeFile(join(folder, "known_hosts"), `seeded ${theirs.publicKey}`);
    await writeFile(join(folder, "others"), `seeded ${stranger.publicKey}`);
    await output("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", await vmImage(), parts.disk, "3G"]);
    vm = await bootVm(parts);
    // cloud-init restarts sshd on its way, which breaks off who connects at that moment.
    for (let tries = 0; tries < 60 && (await ssh("cloud-init status --wait")).code === 255; tries++) await sleep(1_000);
  }, 900_000);
  afterAll(async () => {
    await (vm as Vm | undefined)?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  test("has the host key that was made before, no other, and lets nobody in by password", async () => {
    expect(await said("whoami")).toBe("docker");
    const stranger = await ssh("true", [], "others");
    expect([stranger.code, stranger.stderr]).toEqual([255, expect.stringContaining("Host key verification failed")]);
    expect(await said("ls /etc/ssh/ssh_host_*_key")).toBe("/etc/ssh/ssh_host_ed25519_key");
    expect(await said("sudo cat /etc/ssh/ssh_host_ed25519_key.pub")).toContain(hostKey);
    const methods = await ssh("true", ["-o", "PubkeyAuthentication=no"]);
    expect(methods.stderr).toContain("Permission denied (publickey)");
  });

  test("is done for cloud-init without errors, and does not ask it again", async () => {
    const io = fakeIo();
    expect(await said("cloud-init status --long")).toContain("status: done");
    await finishFirstBoot("seeded", shell, io, parts.console);
    expect(io.events).toEqual([]);
    expect(await said("sudo cloud-init schema --system")).toMatch(/^Valid cloud-config/);
    expect(await said("sudo grep -c -e ERROR -e Traceback /var/log/cloud-init.log || true")).toBe("0");
    expect(await said("ls /etc/cloud/cloud-init.disabled")).toBe("/etc/cloud/cloud-init.disabled");
  });

  test("has the user with sudo and a shell with a history, the name, the whole disk and the address", async () => {
    expect(await said("sudo -n id -un")).toBe("root");
    expect(await said("id -gn; getent passwd docker | cut -d: -f7")).toBe("docker\n/bin/bash");
    expect(await said("hostname; getent hosts seeded")).toMatch(/^seeded\n127\.0\.1\.1\s+seeded/);
    expect(Number(await said("df --output=size --block-size=1M / | tail -n 1"))).toBeGreaterThan(2_500);
    const byMac = `ip -o address show dev "$(basename "$(dirname "$(grep -il ${fixedMac} /sys/class/net/*/address)")")"`;
    expect(await said(byMac)).toContain("inet 192.168.59.20/24 ");
    expect((await said("ip route show default")).split("\n")).toHaveLength(1);
  });

  test("has what the user's own cloud-config says beside ours, but for what the login depends on", async () => {
    expect(await said("cat /etc/written; ls /etc/ran; id -un alice")).toBe("grüße\n/etc/ran\nalice");
    expect(await said("findmnt -no TARGET -t tmpfs /mnt/ours; findmnt -no TARGET /mnt/theirs")).toBe(
      "/mnt/ours\n/mnt/theirs",
    );
    expect(await said("sudo sshd -T | grep -i ^passwordauthentication")).toBe("passwordauthentication no");
  });

  test("reads the seed by Joliet too", async () => {
    const mount = "sudo mount -o ro,norock /dev/disk/by-label/cidata /mnt";
    expect(await said(`${mount} && ls /mnt && sudo umount /mnt`)).toBe("meta-data\nnetwork-config\nuser-data");
  });

  test("prints its host key on its console", async () => {
    expect(await readFile(parts.console, "latin1")).toContain(hostKey);
  });

  test("keeps user, name, address and host key without the seed", async () => {
    await ssh("sudo poweroff");
    await vm.off();
    const { seed, ...rest } = parts;
    await rm(seed ?? "");
    vm = await bootVm(rest);
    expect(await said("sudo -n id -un; hostname; ip -o address show | grep -c 192.168.59.20/24")).toBe(
      "root\nseeded\n1",
    );
    expect(await said("cloud-init status")).toBe("status: disabled");
    await ssh("sudo poweroff");
    await vm.off();
  });
});
