import { MachineError, type Io } from "../driver/index.js";

/** Architecture of images and machines, as Debian and the engine call it. */
export type Architecture = "amd64" | "arm64";

/** An image of a disk with an operating system and cloud-init, and where it comes from. */
export interface Image {
  /** `https://...`, `http://...`, or the absolute path of a file. */
  readonly url: string;
  /** `sha256:HEX` or `sha512:HEX`; empty where it is not known before the first download. */
  readonly digest: string;
}

/** An image that is here, verified. */
export interface ImageFile {
  /** Absolute; in a folder of the store's cache that is named by the digest. */
  readonly path: string;
  readonly format: "qcow2" | "raw";
  /** `sha256:HEX` or `sha512:HEX` of the file as it was downloaded. */
  readonly digest: string;
  /** Size of the disk in bytes. */
  readonly size: number;
}

/**
 * The image that a user means.
 * @param given a name of the catalogue, e.g. `debian-13`, a URL, or a file
 * @param digest what the user says it must be; empty: that of the catalogue, or any
 * @throws MachineError `usage` for what is none of these, or a digest that is none
 */
export function chooseImage(_given: string, _digest: string, _architecture: Architecture): Image {
  throw new MachineError("failed", "not there yet");
}

/**
 * Gets an image into the cache of a store, or finds it there. Two that want the same download it once; a download that
 * was cut off goes on; what does not have the digest is not kept.
 * @param storePath the store's root
 * @param onLine told of the progress
 * @throws MachineError `failed`
 */
export function fetchImage(
  _storePath: string,
  _image: Image,
  _io: Io,
  _onLine: (line: string) => void,
): Promise<ImageFile> {
  throw new MachineError("failed", "not there yet");
}
