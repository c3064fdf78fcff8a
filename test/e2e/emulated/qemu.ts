import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { groupOf } from "../../../drivers/qemu/network.js";
import { finish, type Finished } from "../../support/command.js";
import { createAsPlanned } from "../../support/create-as-planned.js";
import { describeOnHosts } from "../../support/lab.js";
import { forVms, installPrerequisites } from "../../support/prerequisites.js";
import type { Program } from "../../support/program.js";
import { isFull } from "../../support/random.js";
import { vmImage } from "../../support/vm/image.js";
import { whoHas } from "../../support/vm/wire.js";

/** What a person's file of --...-userdata may say, also against us. */
const userData = `#cloud-config
users: [{name: alice}]
ssh_pwauth: true
ssh_deletekeys: false
mounts: [[tmpfs, /mnt/theirs, tmpfs, size=1m]]
write_files: [{path: /etc/written, content: "grüße\\n"}]
runcmd: [[touch, /etc/ran]]
`;

/** What is asked of the machine, all by one login, as each takes an emulated system seconds. */
const probes = {
  hostKey: "sudo ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; ls /etc/ssh/ssh_host_*_key",
  publicKey: "sudo cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub",
  cloudInit: "cat /run/cloud-init/result.json",
  schema: "sudo cloud-init schema --system",
  // All but the folder that Debian's kernel for clouds cannot mount.
  errors: "sudo grep -B1 -e ERROR -e Traceback /var/log/cloud-init.log",
  disabled: "ls /etc/cloud/cloud-init.disabled",
  user: "id -un; id -gn; sudo -n id -un; getent passwd ann | cut -d: -f7",
  name: "hostname; getent hosts vm",
  size: "nproc; df -m --output=size / | tail -n 1; free -m | grep Mem",
  theirs: "cat /etc/written; ls /etc/ran; id -un alice",
  mounts: "findmnt -no TARGET /mnt/theirs; awk '$2 == \"/mnt/home\" { print $3 }' /etc/fstab",
  passwords: "sudo sshd -T | grep -i ^passwordauthentication",
  addresses: "ip -o link show; ip -o address show",
  routes: "ip route show default",
} as const;

/** The output of each probe. */
function probesIn(output: string): Readonly<Record<keyof typeof probes, string>> {
  const parts = output.split(/^== (.*)\n/m).slice(1);
  const pairs = parts.flatMap((name, at) => (at % 2 === 0 ? [[name, (parts[at + 1] ?? "").trim()]] : []));
  return Object.fromEntries(pairs) as Readonly<Record<keyof typeof probes, string>>;
}

/** How often it is stopped and started. */
const rounds = isFull ? 5 : 1;

/**
 * A folder with a QEMU that has emulation alone, as KVM inside a virtual machine is at times slower than that, or hangs.
 */
async function emulatingQemu(home: string): Promise<string> {
  const folder = join(home, "emulating");
  const qemu = "qemu-system-x86_64";
  const script = `#!/bin/sh\nPATH=\${PATH#*:}\n[ "$*" != "-accel help" ] || { echo tcg; exit; }\nexec ${qemu} "$@"\n`;
  await mkdir(folder);
  await writeFile(join(folder, qemu), script, { mode: 0o755 });
  return folder;
}

describeOnHosts("a virtual machine by QEMU", (lab) => {
  let program: Program;
  let created: Finished;
  let env: Readonly<Record<string, string>>;
  const machine = (...args: readonly string[]) => program.machine(args, { env });
  const said = async (...args: readonly string[]): Promise<string> => {
    const ran = await machine(...args);
    expect(ran, args.join(" ")).toMatchObject({ code: 0 });
    return ran.stdout.trim();
  };
  const inside = (command: string): Promise<string> => said("ssh", "vm", command);
  let facts: Readonly<Record<keyof typeof probes, string>>;
  const docker = async (command: string, input?: ReturnType<typeof createReadStream>): Promise<string> => {
    const line = `eval "$(machine env vm)"; docker ${command}`;
    const ran = await program.bash(line, input === undefined ? {} : { input });
    expect(ran, command).toMatchObject({ code: 0 });
    return ran.stdout.trim();
  };
  const state = async (): Promise<Readonly<Record<string, string>>> => {
    const text = await readFile(join(program.store, "machines", "vm", "config.json"), "utf8");
    return (JSON.parse(text) as { Driver: Record<string, string> }).Driver;
  };

  /** Two commands start it while a third saves a snapshot: none ends what another has begun. */
  const startedByTwo = async (snapshot: string): Promise<void> => {
    const [saved, ...starts] = await Promise.all([
      machine("snapshot", "vm", "save", snapshot),
      machine("start", "vm"),
      machine("start", "vm"),
    ]);
    const busy = /^vm is in use by process \d+ \((start|snapshot) vm|^Machine "vm" is already running/m;
    if (saved.code !== 0) expect(saved.stderr).toMatch(busy);
    expect(starts.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(starts.find(({ code }) => code === 1)?.stderr).toMatch(busy);
    const pid = await readFile(join(program.store, "machines", "vm", "qemu.pid"), "utf8");
    expect((await machine("start", "vm")).stderr).toContain('Machine "vm" is already running.');
    expect(await readFile(join(program.store, "machines", "vm", "qemu.pid"), "utf8")).toBe(pid);
    expect(await said("status", "vm")).toBe("Running");
  };

  beforeAll(async () => {
    await installPrerequisites(forVms);
    program = await lab.installProgram();
    env = { PATH: `${await emulatingQemu(program.home)}:${process.env["PATH"] ?? ""}` };
    const userdata = join(program.home, "user-data");
    await writeFile(userdata, userData);
    created = await createAsPlanned(
      machine,
      ...["-d", "qemu", "--qemu-image", await vmImage(), "--qemu-memory", "1024", "--qemu-disk-size", "4000"],
      ...["--qemu-ssh-user", "ann", "--qemu-userdata", userdata, "--qemu-network", "socket"],
      ...["--qemu-share-folder", `${program.home}:/mnt/home`, "vm"],
    );
    await docker("load", createReadStream(lab.busyboxTar));
    const script = Object.entries(probes).map(([name, command]) => `echo "== ${name}"; ${command}`);
    facts = probesIn(await inside(script.join("\n")));
  });
  afterAll(async () => {
    await machine("rm", "-y", "-f", "vm");
  });

  test("is made with one command, and runs containers by the docker CLI", async () => {
    expect(created.stderr).toContain("it is emulated, which is slow: this QEMU is built without kvm");
    // Debian's kernel for clouds has no 9p.
    expect(created.stderr).toContain("/mnt/home is not mounted");
    expect(await docker("run --rm busybox echo hello")).toBe("hello");
    expect(await said("ls", "-f", "{{.Name}} {{.DriverName}} {{.State}} {{.Error}}")).toBe("vm qemu Running");
  });

  test("has the host key that was made before its first boot, no other, and keeps no seed", async () => {
    const { SSHHostKey = "" } = await state();
    const [key, ...files] = facts.hostKey.split("\n");
    expect(key?.split(" ")[1]).toBe(SSHHostKey);
    expect(files).toEqual(["/etc/ssh/ssh_host_ed25519_key"]);
    expect(await said("console", "vm")).toContain(facts.publicKey);
    expect((await readdir(join(program.store, "machines", "vm"))).sort()).toEqual([
      ...[
        "addresses.json",
        "ca.pem",
        "cert.pem",
        "commands.jsonl",
        "config.json",
        "console.log",
        "disk.qcow2",
        "id_rsa",
        "id_rsa.pub",
      ],
      ...["key.pem", "known_hosts", "ports.json", "qemu.pid", "qmp.sock", "server-key.pem", "server.pem"],
    ]);
  });

  test("is done for cloud-init without errors, and does not ask it again", () => {
    expect(JSON.parse(facts.cloudInit)).toMatchObject({
      v1: { datasource: expect.stringContaining("DataSourceNoCloud") as string, errors: [] },
    });
    expect(facts.schema).toMatch(/^Valid cloud-config/);
    expect(facts.errors).toMatch(/^[^\n]*Activate mounts: FAIL:mount -a\nTraceback[^\n]*$/);
    expect(facts.disabled).toBe("/etc/cloud/cloud-init.disabled");
  });

  test("has the user with sudo and a shell with a history, the name, the CPUs, the memory and the disk", () => {
    expect(facts.user).toBe("ann\nann\nroot\n/bin/bash");
    expect(facts.name).toMatch(/^vm\n127\.0\.1\.1\s+vm/);
    const [cpus, disk, memory] = facts.size.split("\n");
    expect(cpus).toBe("2");
    expect(Number(disk)).toBeGreaterThan(3_500);
    expect(Number(memory?.trim().split(/\s+/)[1])).toBeGreaterThan(900);
  });

  test("has what the user's own cloud-config says beside ours, but for what the login depends on", () => {
    expect(facts.theirs).toBe("grüße\n/etc/ran\nalice");
    expect(facts.mounts).toBe("/mnt/theirs\n9p");
    expect(facts.passwords).toBe("passwordauthentication no");
  });

  test("has the address on its network that was given to its second interface, and one way out", async () => {
    const { NetworkAddress = "", MachineId = "" } = await state();
    const mac = `52:54:01:${(MachineId.match(/../g) ?? []).slice(0, 3).join(":")}`;
    const device = new RegExp(`^\\d+: (\\S+):.*${mac}`, "m").exec(facts.addresses)?.[1] ?? "none";
    expect(facts.addresses).toMatch(new RegExp(`^\\d+: ${device} +inet ${NetworkAddress} `, "m"));
    expect(facts.routes.split("\n")).toHaveLength(1);
  });

  test("answers its neighbours on the network of the store's machines", async () => {
    const { NetworkAddress = "", MachineId = "" } = await state();
    const mac = await whoHas(groupOf(program.store), NetworkAddress.split("/")[0] ?? "");
    expect(mac).toBe(`52:54:01:${(MachineId.match(/../g) ?? []).slice(0, 3).join(":")}`);
  });

  test("is brought back by a snapshot to what it was, and to the time of now", async () => {
    await docker("run -d --name counter busybox sleep 100000");
    await said("snapshot", "vm", "save", "before");
    await docker("rm -f counter");
    await inside("sudo touch /after");
    expect(await said("snapshot", "vm", "ls")).toMatch(/^NAME +SAVED +MEMORY\nbefore +20\S+Z +yes$/);
    const now = Math.floor(Date.now() / 1_000);
    expect(await said("snapshot", "vm", "restore", "before")).toBe('Snapshot "before" of "vm" was restored.');
    const [time, ...later] = (await inside("date +%s; ls /after || true")).split("\n");
    expect(Number(time)).toBeGreaterThanOrEqual(now);
    expect(later).toEqual([]);
    expect(await docker("ps --format {{.Names}}")).toBe("counter");
    await said("snapshot", "vm", "rm", "before");
    expect(await said("snapshot", "vm", "ls")).toMatch(/^NAME +SAVED +MEMORY$/);
  });

  test("keeps ports, host key, certificates and images over stop and start, and is started once by two at once", async () => {
    const lasting = async () => [await said("env", "vm"), await said("url", "vm"), (await state())["SSHPort"]];
    const before = await lasting();
    for (let round = 0; round < rounds; round++) {
      await said("stop", "vm");
      expect(await said("status", "vm")).toBe("Stopped");
      await startedByTwo(`stopped-${String(round)}`);
      expect(await lasting()).toEqual(before);
      expect(await docker("run --rm busybox echo again")).toBe("again");
    }
    const { NetworkAddress = "" } = await state();
    const now = await inside(`sudo -n id -un; cloud-init status; ip -o address show | grep -c ${NetworkAddress}`);
    expect(now).toBe("root\nstatus: disabled\n1");
  });

  test("prints on its console what Linux says", async () => {
    const printed = await said("console", "vm");
    expect(printed).toContain("Linux version");
    expect(printed).toMatch(/vm login:/);
  });

  test("leaves no process, no file and no socket when it is removed", async () => {
    const { MachineId = "" } = await state();
    await said("rm", "-y", "vm");
    expect(await finish("pgrep", ["-f", MachineId])).toMatchObject({ code: 1, stdout: "" });
    expect(await readdir(join(program.store, "machines"))).toEqual([]);
    expect(await readFile("/proc/net/unix", "utf8")).not.toContain(program.store);
  });
});
