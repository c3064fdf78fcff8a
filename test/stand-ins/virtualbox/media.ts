import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Call } from "./call.js";
import { isIso, readHardDisk } from "./disk-format.js";
import { apiError } from "./refusal.js";
import { uuidFormat } from "./getopt.js";
import type { Attachment, Machine, Medium } from "./state.js";

const openContext =
  "OpenMedium(Bstr(pszFilenameOrUuid).raw(), enmDevType, enmAccessMode, fForceNewUuidOnOpen, pMedium.asOutParam())";

/** Finds a medium by id or file, and registers the file when it is new, as VBoxManage's openMedium does. */
export function openMedium(call: Call, given: string, type: Medium["type"]): Medium {
  if (uuidFormat.test(given)) return openById(call, given.replace(/^\{|\}$/g, "").toLowerCase(), type);
  const location = resolve(given);
  const known = call.state.media.find((each) => each.location === location && each.type === type);
  if (!existsSync(location)) throw missingFile(call, location);
  return known ?? register(call, location, type);
}

function openById(call: Call, uuid: string, type: Medium["type"]): Medium {
  const known = call.state.media.find((each) => each.uuid === uuid && each.type === type);
  if (known) return known;
  const kind = kinds[type];
  const message = `Could not find an open ${kind} with UUID {${uuid}}`;
  throw apiError(call.release, "NOT_FOUND", message, ["VirtualBox", openContext]);
}

/** @throws Refusal for a file that is not what it should be, and for an id that another file has */
function register(call: Call, location: string, type: Medium["type"]): Medium {
  const { uuid = randomUUID(), format } = identify(call, location, type);
  const medium: Medium = { uuid, type, location, format, parent: "", description: "" };
  refuseSecond(call, medium);
  call.state.media.push(medium);
  return medium;
}

/** @throws Refusal where a file with the same id, or the same file under another id, is registered */
export function refuseSecond(call: Call, { uuid, location, type }: Medium): void {
  const other = call.state.media.find((each) => each.uuid === uuid || each.location === location);
  if (!other) return;
  const message =
    `Cannot register the ${kinds[type]} '${location}' {${uuid}} because a ${kinds[other.type]} '${other.location}' ` +
    `with UUID {${other.uuid}} already exists`;
  throw apiError(call.release, "INVALIDARG", message, ["VirtualBox", openContext]);
}

/** How VirtualBox speaks of a medium. */
const kinds = { hdd: "hard disk", dvd: "DVD image", floppy: "floppy image" };

/** The VMs that have a medium, now or in a snapshot. */
export function usersOf(call: Call, medium: Medium): readonly Machine[] {
  return call.state.machines.filter((machine) =>
    [machine.hardware, ...machine.snapshots.map((each) => each.hardware)]
      .flatMap((hardware) => hardware.controllers)
      .flatMap((controller) => controller.attachments)
      .some((attachment) => attachment.medium === medium.uuid),
  );
}

export function mediumOf(call: Call, attachment: Attachment): Medium | undefined {
  return call.state.media.find((each) => each.uuid === attachment.medium);
}

export function forget(call: Call, medium: Medium): void {
  call.state.media.splice(call.state.media.indexOf(medium), 1);
}

/** Size of the disk and of its file, in bytes. */
export function sizesOf(medium: Medium): { readonly disk: number; readonly file: number } {
  if (!existsSync(medium.location)) return { disk: 0, file: 0 };
  const { blocks, size } = statSync(medium.location);
  return { disk: medium.type === "hdd" ? (readHardDisk(medium.location)?.size ?? 0) : size, file: blocks * 512 };
}

function identify(call: Call, location: string, type: Medium["type"]): { uuid?: string; format: string } {
  const disk = type === "hdd" ? readHardDisk(location) : undefined;
  if (disk) return disk;
  if ((type === "dvd" && isIso(location)) || type === "floppy") return { format: "RAW" };
  const message = `Could not get the storage format of the medium '${location}' (VERR_NOT_SUPPORTED)`;
  throw apiError(call.release, "IPRT_ERROR", message, ["Medium", openContext]);
}

function missingFile(call: Call, location: string): Error {
  const message = `Could not find file for the medium '${location}' (VERR_FILE_NOT_FOUND)`;
  return apiError(call.release, "FILE_ERROR", message, ["Medium", openContext]);
}
