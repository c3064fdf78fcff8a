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
  /** Absolute; in a folder of the store's cache that is named by the digest. Nobody may write to it. */
  readonly path: string;
  readonly format: "qcow2" | "raw";
  /** `sha256:HEX` or `sha512:HEX` of the file as it was downloaded. */
  readonly digest: string;
  /** Size of the disk in bytes. */
  readonly size: number;
}
