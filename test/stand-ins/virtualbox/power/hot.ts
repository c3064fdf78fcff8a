import type { Call } from "../call.js";
import { mediumOf } from "../media.js";
import { apiError } from "../refusal.js";
import type { Attachment, Controller, Machine } from "../state.js";
import { monitor } from "./qmp.js";

/** Changes the disc in a drive of a running VM; nothing else can be attached then. */
export async function changeDisc(
  call: Call,
  machine: Machine,
  controller: Controller,
  next: Attachment,
  { force }: { readonly force: boolean },
): Promise<void> {
  const id = machine.run?.drives[`${controller.name}-${String(next.port)}-${String(next.device)}`];
  const isThere = controller.attachments.some((each) => each.port === next.port && each.device === next.device);
  if (next.type === "hdd" || !isThere) {
    const message = `Controller '${controller.name}' does not support hot-plugging`;
    throw apiError(call.release, "INVALID_VM_STATE", message, ["SessionMachine", "AttachDevice(...)"]);
  }
  if (call.release.guest === "idle" || machine.run === undefined || id === undefined) return;
  const medium = mediumOf(call, next);
  try {
    await monitor(machine.run.qmp, { execute: "blockdev-open-tray", arguments: { id, force } });
    await monitor(machine.run.qmp, { execute: "blockdev-remove-medium", arguments: { id } });
    if (!medium) return;
    const filename = medium.location;
    await monitor(machine.run.qmp, { execute: "blockdev-change-medium", arguments: { id, filename, format: "raw" } });
  } catch {
    const message = "Could not unmount the currently mounted media/drive (VERR_PDM_MEDIA_LOCKED)";
    throw apiError(call.release, "IPRT_ERROR", message, [
      "Console",
      "MountMedium(Bstr(pszCtl).raw(), port, device, pMedium2Mount, fForceUnmount)",
    ]);
  }
}
