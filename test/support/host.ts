import { randomBytes, randomInt } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Finished, output } from "./command.js";
import { type Engine, docker, tryDocker } from "./engine.js";
import type { HostImage } from "./host-image.js";

/** A computer with Debian, systemd and sshd, reachable from this machine. */
export interface Host {
  readonly name: string;
  /** IPv4 address that this machine and other hosts reach. */
  readonly address: string;
  /** Port of sshd. */
  readonly port: number;
  /**
   * Private key (ed25519, mode 0600) that opens three accounts: `root`; `user`, whose sudo asks nothing; and `admin`,
   * whose sudo asks for the password "adminpw".
   */
  readonly keyPath: string;
  /** Of its ed25519 host key, as ssh-keygen prints it: "SHA256:...". */
  readonly hostKeyFingerprint: string;
  /** Runs a shell command as root, not over ssh; resolves whatever its exit code. */
  readonly exec: (command: string, options?: { readonly input?: string | Readable }) => Promise<Finished>;
  /** Path -> mode, owner and digest of each file under a folder (default /etc), to see whether anything changed. */
  readonly files: (folder?: string) => Promise<Readonly<Record<string, string>>>;
  /** Removes the host with its volumes; fine when it is gone. */
  readonly remove: () => Promise<void>;
}

/** How a host differs from a fresh Debian. */
export interface HostOptions {
  /** "bare" (the default) has no engine; "engine" has the distribution's, running. */
  readonly image?: HostImage;
  /** Default: the image and some random letters. */
  readonly name?: string;
  /** Port of sshd (default 22). */
  readonly port?: number;
  /** More lines for sshd_config. */
  readonly sshdConfig?: string;
  /** Come up again after `reboot` (and `poweroff`, which a container cannot tell from it). Default: stay down. */
  readonly reboots?: boolean;
}

/** A fresh host, booted. Rejects with the failed units and the end of the journal when it does not come up. */
export async function createHost(engine: Engine, options: HostOptions = {}): Promise<Host> {
  const { image = "bare", port = 22, sshdConfig = "", reboots = false } = options;
  const name = options.name ?? `${image}-${randomBytes(3).toString("hex")}`;
  await mkdir(join(engine.folder, "keys"), { recursive: true });
  await output("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", keyPathOf(engine, name)]);
  const publicKey = (await readFile(`${keyPathOf(engine, name)}.pub`, "utf8")).trim();
  await docker(engine, [
    ...["run", "--detach", "--name", name, "--hostname", name, ...likeAComputer()],
    ...(reboots ? ["--restart", "always", "--network", "fixed", "--ip", fixedAddress(engine)] : []),
    ...["--env", `AUTHORIZED_KEY=${publicKey}`, "--env", `SSHD_CONFIG=Port ${String(port)}\n${sshdConfig}`],
    `machine-test/${image}`,
  ]);
  try {
    await booted(engine, name);
    return await findHost(engine, name, port);
  } catch (error) {
    await removeHost(engine, name);
    throw error;
  }
}

async function findHost(engine: Engine, name: string, port: number): Promise<Host> {
  const address = await docker(engine, [
    "inspect",
    "--format",
    "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
    name,
  ]);
  const exec: Host["exec"] = (command, more) =>
    tryDocker(engine, ["exec", "--interactive", name, "sh", "-c", command], more);
  const printed = await exec("ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub");
  return {
    name,
    address,
    port,
    keyPath: keyPathOf(engine, name),
    hostKeyFingerprint: printed.stdout.split(" ")[1] ?? "",
    exec,
    files: (folder = "/etc") => listFiles(exec, folder),
    remove: () => removeHost(engine, name),
  };
}

/** One that a host keeps when it reboots, whoever comes meanwhile: see engine.sh. */
function fixedAddress({ gateway }: Engine): string {
  const slot = Number(gateway.split(".")[2]);
  return `198.19.${String(slot + 100)}.${String(randomInt(2, 255))}`;
}

function keyPathOf(engine: Engine, name: string): string {
  return join(engine.folder, "keys", name);
}

/**
 * What systemd and an engine inside need. `--privileged` would say it in one word, but is refused where this machine's
 * own root lacks a capability; these are all that engines since 20.10 know, but SYS_RESOURCE, which none of them needs.
 */
function likeAComputer(): string[] {
  const capabilities =
    "AUDIT_CONTROL AUDIT_READ BLOCK_SUSPEND DAC_READ_SEARCH IPC_LOCK IPC_OWNER LEASE LINUX_IMMUTABLE MAC_ADMIN " +
    "MAC_OVERRIDE NET_ADMIN NET_BROADCAST SYS_ADMIN SYS_BOOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO " +
    "SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM";
  return [
    ...capabilities.split(" ").map((capability) => `--cap-add=${capability}`),
    ...["seccomp", "apparmor", "systempaths"].map((layer) => `--security-opt=${layer}=unconfined`),
    ...["--device-cgroup-rule=a *:* rwm", "--cgroupns=private", "--tmpfs=/run", "--tmpfs=/run/lock"],
  ];
}

/** Waits until systemd has started everything, sshd included. */
export async function booted(engine: Engine, name: string): Promise<void> {
  const command = ["exec", name, "timeout", "60", "systemctl", "is-system-running", "--wait"];
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const { stdout, stderr } = await tryDocker(engine, command);
    if (stdout === "running\n") return;
    if (stdout === "degraded\n" || stderr.includes("is not running")) break;
    await sleep(100);
  }
  const looks = [
    ["exec", name, "systemctl", "--failed", "--no-pager"],
    ["exec", name, "journalctl", "--no-pager", "--lines=20"],
    ["logs", "--tail=20", name],
  ];
  const seen = await Promise.all(looks.map((look) => tryDocker(engine, look)));
  const text = seen.map(({ stdout, stderr }) => stdout + stderr).join("");
  throw new Error(`the test host ${name} does not come up\n${text}`);
}

async function removeHost(engine: Engine, name: string): Promise<void> {
  const { code, stderr } = await tryDocker(engine, ["rm", "--force", "--volumes", name]);
  if (code !== 0 && !stderr.includes("No such container")) throw new Error(`the test host ${name} stays: ${stderr}`);
  await Promise.all(["", ".pub"].map((end) => rm(keyPathOf(engine, name) + end, { force: true })));
}

async function listFiles(exec: Host["exec"], folder: string): Promise<Record<string, string>> {
  const find = `find '${folder}' -type f -print0 | sort -z | xargs -0`;
  const [stat, digest] = await Promise.all([exec(`${find} stat -c '%a %U:%G %n'`), exec(`${find} sha256sum`)]);
  const digests = digest.stdout
    .trim()
    .split("\n")
    .map((line) => line.slice(0, 64));
  const files = stat.stdout
    .trim()
    .split("\n")
    .map((line, index) => {
      const [mode = "", owner = "", ...path] = line.split(" ");
      return [path.join(" "), `${mode} ${owner} ${digests[index] ?? ""}`];
    });
  return Object.fromEntries(files) as Record<string, string>;
}
