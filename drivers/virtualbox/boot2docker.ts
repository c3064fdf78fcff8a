import { copyFile, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keyFile, makeKeyPair, MachineError, saveKeyPair } from "../../src/driver/index.js";
import { fetchImage } from "../../src/vm/index.js";
import { pathsOf } from "./paths.js";
import type { VBoxMachine, VBoxChanges } from "./state.js";
import { infoOf, type VBoxManage } from "./vboxmanage.js";

/** boot2docker's last release, where only a virtual machine to import is named. */
const lastIso = "https://github.com/boot2docker/boot2docker/releases/download/v19.03.12/boot2docker.iso";

/** Files in the machine's directory, as docker-machine names them. */
export function boot2DockerFiles(dir: string): Readonly<Record<"iso" | "disk" | "key", string>> {
  return { iso: join(dir, "boot2docker.iso"), disk: join(dir, "disk.vmdk"), key: keyFile(dir) };
}

/** The ISO that the machine boots, each time that it starts. */
export async function getIso({ io }: VBoxManage, { dir, state }: VBoxMachine): Promise<void> {
  const url = state.Boot2DockerURL === "" ? lastIso : state.Boot2DockerURL;
  const { iso } = boot2DockerFiles(dir);
  if (/^https?:/.test(url)) {
    const { path } = await fetchImage(state.StorePath, { url, digest: "" }, io);
    await copyFile(path, iso);
    return;
  }
  await copyFile(url.startsWith("file:") ? fileURLToPath(url) : url, iso).catch((cause: unknown) => {
    throw new MachineError("failed", `${state.MachineName}: the boot2docker ISO ${url} cannot be read`, {
      hint: "--virtualbox-boot2docker-url takes http://, https://, file:// or the path of a file",
      cause,
    });
  });
}

/** A new disk, which boot2docker formats when it boots, or one that another virtual machine had. */
export async function makeBoot2DockerDisk(vbox: VBoxManage, machine: VBoxMachine): Promise<VBoxChanges> {
  return machine.state.Boot2DockerImportVM === "" ? newDisk(vbox, machine) : importDisk(vbox, machine);
}

async function newDisk(vbox: VBoxManage, { name, dir, state }: VBoxMachine): Promise<VBoxChanges> {
  const { disk } = boot2DockerFiles(dir);
  const pair = makeKeyPair(name);
  const SSHKeyPath = await saveKeyPair(dir, pair);
  await rm(disk, { force: true });
  const raw = `${disk}.raw`;
  try {
    const file = await open(raw, "w", 0o600);
    try {
      await file.writeFile(magicTar(pair.publicKey));
      // The rest is a hole: zeros that take no room.
      await file.truncate(state.DiskSize * 2 ** 20);
    } finally {
      await file.close();
    }
    await vbox.run("convertfromraw", raw, disk, "--format", "VMDK");
  } finally {
    await rm(raw, { force: true });
  }
  return { SSHKeyPath };
}

async function importDisk(vbox: VBoxManage, { name, dir, state }: VBoxMachine): Promise<VBoxChanges> {
  const { key, disk } = boot2DockerFiles(dir);
  const other = state.Boot2DockerImportVM;
  const info = await infoOf(vbox, other);
  const source = info?.get("SATA-1-0");
  if (info === undefined || source === undefined) {
    throw new MachineError("failed", `${name}: there is no virtual machine ${other} with a disk at port 1 of SATA`, {
      hint: "VBoxManage list vms shows them: see --virtualbox-import-boot2docker-vm",
    });
  }
  if (info.get("VMState") === "running") await vbox.run("controlvm", other, "poweroff");
  await rm(disk, { force: true });
  await vbox.run("clonemedium", "disk", source, disk, "--format", "VMDK");
  const theirs = pathsOf(vbox.computer).join(vbox.computer.home, ".ssh", "id_boot2docker");
  const privateKey = await readFile(theirs, "utf8").catch((cause: unknown) => {
    throw new MachineError("failed", `${name}: the key of ${other}, ${theirs}, cannot be read`, {
      hint: "boot2docker's own program left it there; without it the machine cannot be reached",
      cause,
    });
  });
  await writeFile(key, privateKey, { mode: 0o600 });
  return {
    SSHKeyPath: key,
    CPU: Number(info.get("cpus") ?? state.CPU),
    Memory: Number(info.get("memory") ?? state.Memory),
  };
}

const magicName = "boot2docker, please format-me";

/** A tar with the key, which begins with a file of a name that boot2docker looks for at the beginning of a disk. */
function magicTar(publicKey: string): Buffer {
  const entries = [
    tarEntry(magicName, "0", magicName),
    tarEntry(".ssh/", "5", ""),
    tarEntry(".ssh/authorized_keys", "0", publicKey),
    tarEntry(".ssh/authorized_keys2", "0", publicKey),
  ];
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

/** One file (type 0) or directory (5) in ustar's format, of POSIX 1003.1. */
function tarEntry(name: string, type: "0" | "5", text: string): Buffer {
  const content = Buffer.from(text);
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;
  header.write(name, 0);
  header.write(octal(type === "5" ? 0o700 : 0o644, 8), 100);
  for (const at of [108, 116]) header.write(octal(0, 8), at);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(`        ${type}`, 148);
  header.write("ustar\0" + "00", 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
