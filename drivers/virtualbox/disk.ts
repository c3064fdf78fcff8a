import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeKeyPair, type Io, type Machine } from "../../src/driver/index.js";
import { fetchImage, seedImage, writeVdi } from "../../src/vm/index.js";
import { consoleOf } from "./paths.js";
import type { VirtualBoxState } from "./state.js";

/** Files in the machine's directory. */
export function files(dir: string): Readonly<Record<"disk" | "seed" | "console" | "key", string>> {
  return {
    disk: join(dir, "disk.vdi"),
    seed: join(dir, "seed.iso"),
    console: consoleOf(dir),
    // docker-machine's name for it, which scripts know, whatever the kind of key.
    key: join(dir, "id_rsa"),
  };
}

/** The image into the store's cache. */
export async function getImage(
  { state }: Machine<VirtualBoxState>,
  io: Io,
  onLine: (line: string) => void,
): Promise<Partial<VirtualBoxState>> {
  const { ImageURL: url = "", ImageDigest: digest = "" } = state;
  return { ImageDigest: (await fetchImage(state.StorePath, { url, digest }, io, onLine)).digest };
}

const mebibyte = 2 ** 20;

/** The disk from the image, of the machine's size; one that is smaller than the image gets the image's. */
export async function writeDisk(
  { dir, state }: Machine<VirtualBoxState>,
  io: Io,
  onLine: (line: string) => void,
): Promise<void> {
  const { ImageURL: url = "", ImageDigest: digest = "" } = state;
  const image = await fetchImage(state.StorePath, { url, digest }, io, onLine);
  await writeVdi(image, files(dir).disk, Math.max(image.size, state.DiskSize * mebibyte), io);
}

/** The user's key, and the seed with the machine's own: its host key is known before the first contact. */
export async function writeSeed({ name, dir, state }: Machine<VirtualBoxState>): Promise<Partial<VirtualBoxState>> {
  const { key, seed } = files(dir);
  const [ours, hostKey] = await Promise.all([makeKeyPair(name), makeKeyPair(name)]);
  const { UserDataFile = "", NatMAC = "", HostOnlyMAC = "", HostOnlyCIDR } = state;
  const iso = seedImage({
    name,
    instanceId: state.UUID ?? name,
    user: state.SSHUser,
    authorizedKey: ours.publicKey.trim(),
    hostKey,
    interfaces: [
      { mac: withColons(NatMAC) },
      { mac: withColons(HostOnlyMAC), address: `${state.IPAddress}/${HostOnlyCIDR.split("/")[1] ?? "24"}` },
    ],
    userData: UserDataFile === "" ? undefined : await readFile(UserDataFile, "utf8"),
  });
  // Replaced rather than written over, so that they have the rights that they are given here.
  await Promise.all([seed, key, `${key}.pub`].map((file) => rm(file, { force: true })));
  await writeFile(seed, iso, { mode: 0o600 });
  await writeFile(key, ours.privateKey, { mode: 0o600 });
  await writeFile(`${key}.pub`, ours.publicKey, { mode: 0o644 });
  return { SSHKeyPath: key, SSHHostKey: hostKey.fingerprint };
}

function withColons(mac: string): string {
  return (mac.match(/../g) ?? []).join(":").toLowerCase();
}
