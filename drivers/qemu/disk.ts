import { copyFile, rm } from "node:fs/promises";
import { relative } from "node:path";
import { MachineError, type Io, type Machine } from "../../src/driver/index.js";
import { fetchImage, writeSeed, type ImageFile } from "../../src/vm/index.js";
import { findFirmware } from "./firmware.js";
import { filesOf, type QemuState } from "./state.js";
import { interfacesOf, reserveAddress } from "./network.js";
import { mountsOf } from "./share.js";

/** The machine's image, which is in the store's cache, or comes there. */
export function imageOf({ state }: Machine<QemuState>, io: Io): Promise<ImageFile> {
  return fetchImage(state.StorePath, { url: state.ImageURL, digest: state.ImageDigest }, io);
}

/** Makes the keys, the seed of the first boot and the disk, which keeps only what differs from the image. */
export async function makeDisk(machine: Machine<QemuState>, io: Io): Promise<Partial<QemuState>> {
  const { state } = machine;
  const files = filesOf(machine);
  const NetworkAddress = state.Network === "socket" ? await reserveAddress(machine, io) : "";
  const keys = await makeSeed({ ...machine, state: { ...state, NetworkAddress } });
  await rm(files.disk, { force: true });
  const image = await imageOf(machine, io);
  const size = Math.max(state.DiskSize * 1024 ** 2, image.size);
  // By a path from the disk, so that a store may be moved.
  const base = ["-F", image.format, "-b", relative(machine.dir, image.path)];
  await io.run("qemu-img", ["create", "-q", "-f", "qcow2", ...base, files.disk, String(size)]);
  if (state.Architecture === "arm64") await makeVariables(machine.name, files.firmware);
  return { ...keys, NetworkAddress, ImageDigest: image.digest };
}

function makeSeed({ name, dir, state }: Machine<QemuState>): Promise<Partial<QemuState>> {
  const interfaces = interfacesOf(state);
  const seed = { name, instanceId: state.MachineId, user: state.SSHUser, interfaces, mounts: mountsOf(state) };
  return writeSeed(filesOf({ dir }).seed, seed, state.UserDataFile);
}

async function makeVariables(name: string, path: string): Promise<void> {
  const firmware = await findFirmware();
  if (firmware === undefined)
    throw new MachineError("failed", `${name}: the UEFI for arm64 is gone from this computer`);
  await copyFile(firmware.variables, path);
}
