import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finish } from "./command.js";

/** A program that tests start, the Debian package that has it, and what for. */
export interface Prerequisite {
  readonly program: string;
  readonly package: string;
  readonly why: string;
}

/** An engine of this machine's own, and the base image where no registry can be reached. */
export const forContainers: readonly Prerequisite[] = [
  { program: "dockerd", package: "docker.io", why: "runs the machines" },
  // Debian 13 has the client apart from docker.io.
  { program: "docker", package: "docker-cli", why: "drives the engine" },
  { program: "debootstrap", package: "debootstrap", why: "makes their base image where none can be pulled" },
];

/** For engine.ts and host-image.ts. */
export const forHosts: readonly Prerequisite[] = [
  ...forContainers,
  { program: "ip", package: "iproute2", why: "makes the network of the test hosts" },
  { program: "iptables", package: "iptables", why: "lets test hosts reach the mirror of apt" },
  { program: "ssh", package: "openssh-client", why: "makes the keys of test hosts" },
  { program: "sshfs", package: "sshfs", why: "mounts folders of test hosts" },
  { program: "fusermount", package: "fuse3", why: "unmounts them" },
  { program: "rsync", package: "rsync", why: "copies to and from test hosts" },
  { program: "faketime", package: "faketime", why: "gives a program a clock that is wrong" },
];

/** The other engine of the container driver. */
export const forPodman: readonly Prerequisite[] = [
  { program: "podman", package: "podman", why: "runs machines" },
  { program: "netavark", package: "netavark", why: "makes podman's networks" },
  { program: "aardvark-dns", package: "aardvark-dns", why: "knows the names on podman's networks" },
];

/** For the stand-in of VirtualBox: its disks, its VMs and their host-only networks. */
const forVirtualBox: readonly Prerequisite[] = [
  { program: "qemu-img", package: "qemu-utils", why: "makes the disks of VirtualBox's stand-in" },
  { program: "qemu-system-x86_64", package: "qemu-system-x86", why: "runs the VMs of VirtualBox's stand-in" },
  { program: "ip", package: "iproute2", why: "makes the host-only networks of VirtualBox's stand-in" },
];

/** For vm/image.ts and for machines made of it. */
export const forVms: readonly Prerequisite[] = [
  { program: "qemu-system-x86_64", package: "qemu-system-x86", why: "runs virtual machines" },
  { program: "qemu-img", package: "qemu-utils", why: "makes their disks" },
  { program: "mmdebstrap", package: "mmdebstrap", why: "makes the Debian in them" },
  { program: "sfdisk", package: "fdisk", why: "divides their disks" },
  { program: "mke2fs", package: "e2fsprogs", why: "fills their disks" },
  { program: "grub-mkimage", package: "grub-common", why: "lets them boot" },
  { program: "grub-bios-setup", package: "grub-pc-bin", why: "lets them boot" },
  { program: "ssh", package: "openssh-client", why: "is the other opinion on their host keys" },
];

/** A client of VirtualBox that judges the stand-in. */
export const forVagrant: readonly Prerequisite[] = [
  { program: "vagrant", package: "vagrant", why: "drives VirtualBox's stand-in" },
];

/** Programs of others that call docker-machine, or go where its `env` sends them. */
export const forClients: readonly Prerequisite[] = [
  { program: "ansible-inventory", package: "ansible", why: "asks docker-machine for its hosts" },
  { program: "docker-compose", package: "docker-compose", why: "is a docker client of its own" },
  // A folder of Python's, found from that of the programs.
  { program: "../lib/python3/dist-packages/paramiko", package: "python3-paramiko", why: "lets docker-compose use ssh" },
];

/** For tests of what other programs make of our files and of what we print. */
export const forTests: readonly Prerequisite[] = [
  ...forVirtualBox,
  { program: "ssh", package: "openssh-client", why: "shows that OpenSSH accepts what we write" },
  { program: "sshd", package: "openssh-server", why: "is the server for our SSH client" },
  { program: "openssl", package: "openssl", why: "judges our certificates" },
  { program: "dockerd", package: "docker.io", why: "is the engine for our client" },
  { program: "shellcheck", package: "shellcheck", why: "reads our shell scripts" },
  { program: "busybox", package: "busybox-static", why: "has the shell of Alpine, which reads what we quote" },
  { program: "qemu-system-x86_64", package: "qemu-system-x86", why: "is asked by our client for QEMU" },
  { program: "qemu-system-aarch64", package: "qemu-system-arm", why: "judges our command line for arm64" },
  { program: "qemu-img", package: "qemu-utils", why: "makes the disks of machines" },
  { program: "zsh", package: "zsh", why: "runs what `env` prints for it" },
  { program: "fish", package: "fish", why: "runs what `env` prints for it" },
  { program: "tmux", package: "tmux", why: "is the terminal of a person who answers the wizard" },
  { program: "tcsh", package: "tcsh", why: "runs what `env` prints for it" },
  { program: "emacs", package: "emacs-nox", why: "runs what `env` prints for it" },
  { program: "elvish", package: "elvish", why: "runs what `env` prints for it" },
  { program: "python3", package: "python3", why: "reads what `env` prints for nushell, which Debian lacks" },
  { program: "xorriso", package: "xorriso", why: "reads the disks that we write" },
  { program: "isoinfo", package: "genisoimage", why: "reads the disks that we write" },
  { program: "blkid", package: "util-linux", why: "reads the disks that we write" },
];

/**
 * Installs what this machine lacks, where that is possible (root, apt). Otherwise rejects with a message that says
 * what is missing, what for, and how to get it.
 */
export async function installPrerequisites(wanted: readonly Prerequisite[]): Promise<void> {
  const before = await missing(wanted);
  if (before.length === 0) return;
  if (process.getuid?.() === 0 && (await has("apt-get"))) await install(before);
  const after = await missing(before);
  if (after.length === 0) return;
  const lines = after.map((each) => `  ${each.program} (package ${each.package}) ${each.why}`);
  const command = `apt-get install --no-install-recommends ${after.map((each) => each.package).join(" ")}`;
  throw new Error(["programs are missing:", ...lines, `to get them, as root: ${command}`].join("\n"));
}

async function missing(wanted: readonly Prerequisite[]): Promise<Prerequisite[]> {
  const found = await Promise.all(wanted.map(({ program }) => has(program)));
  return wanted.filter((_, index) => !found[index]);
}

/** Daemons are in sbin, which is not on everybody's PATH; podman and grub have folders of their own. */
async function has(program: string): Promise<boolean> {
  const folders = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin:/usr/lib/podman:/usr/lib/grub/i386-pc`.split(":");
  const tries = folders.map((folder) => access(join(folder, program), constants.X_OK));
  return Promise.any(tries).then(
    () => true,
    () => false,
  );
}

/** All at once but those that this Debian does not have. Goes on when apt fails: the caller looks at what is there. */
async function install(wanted: readonly Prerequisite[]): Promise<void> {
  await apt(["update"]);
  const { stdout } = await finish("apt-cache", ["show", ...wanted.map((each) => each.package)]);
  const packages = new Set([...stdout.matchAll(/^Package: (.*)$/gm)].map(([, name = ""]) => name));
  await apt(["install", "--yes", "--no-install-recommends", ...packages]);
}

/** One at a time on this computer: other tests may be at it. */
async function apt(args: readonly string[]): Promise<void> {
  process.stderr.write(`apt-get ${args.join(" ")}\n`);
  const { code, stderr } = await finish("flock", [join(tmpdir(), "machine-test-apt.lock"), "apt-get", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (code !== 0) process.stderr.write(stderr);
}
