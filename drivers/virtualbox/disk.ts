import { join } from "node:path";
import type { Io } from "../../src/driver/index.js";
import { fetchImage, writeSeed, writeVdi } from "../../src/vm/index.js";
import { consoleOf } from "./paths.js";
import type { VBoxMachine, VBoxChanges } from "./state.js";

/** Files in the machine's directory. */
export function files(dir: string): Readonly<Record<"disk" | "seed" | "console", string>> {
  return {
    disk: join(dir, "disk.vdi"),
    seed: join(dir, "seed.iso"),
    console: consoleOf(dir),
  };
}

/** The image into the store's cache. */
export async function getImage({ state }: VBoxMachine, io: Io): Promise<VBoxChanges> {
  const { ImageURL: url = "", ImageDigest: digest = "" } = state;
  return { ImageDigest: (await fetchImage(state.StorePath, { url, digest }, io)).digest };
}

const mebibyte = 2 ** 20;

/** The disk from the image, of the machine's size; one that is smaller than the image gets the image's. */
export async function writeDisk({ dir, state }: VBoxMachine, io: Io): Promise<void> {
  const { ImageURL: url = "", ImageDigest: digest = "" } = state;
  const image = await fetchImage(state.StorePath, { url, digest }, io);
  await writeVdi(image, files(dir).disk, Math.max(image.size, state.DiskSize * mebibyte), io);
}

/** The user's key, and the seed with the machine's own: its host key is known before the first contact. */
export function makeSeed({ name, dir, state }: VBoxMachine): Promise<VBoxChanges> {
  const { UUID: instanceId = name, NatMAC = "", HostOnlyMAC = "", HostOnlyCIDR } = state;
  const interfaces = [
    { mac: withColons(NatMAC) },
    { mac: withColons(HostOnlyMAC), address: `${state.IPAddress}/${HostOnlyCIDR.split("/")[1] ?? "24"}` },
  ];
  return writeSeed(files(dir).seed, { name, instanceId, user: state.SSHUser, interfaces }, state.UserDataFile);
}

function withColons(mac: string): string {
  return (mac.match(/../g) ?? []).join(":").toLowerCase();
}
