import { MachineError, type Io } from "../driver/index.js";
import type { ImageFile } from "./image.js";

/**
 * Writes a dynamic VDI disk for one machine, with an id of its own, from an image. The conversion is done once for each
 * image and kept beside it; a copy of that gets the machine's size.
 * @param path of the new disk; what is there is replaced
 * @param size in bytes; not smaller than the image's
 */
export function writeVdi(_image: ImageFile, _path: string, _size: number, _io: Io): Promise<void> {
  throw new MachineError("failed", "not there yet");
}
