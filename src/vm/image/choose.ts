import { statSync } from "node:fs";
import { arch } from "node:os";
import { fileURLToPath } from "node:url";
import { absolutePath, MachineError, messageOf, type Io } from "../../driver/index.js";
import { catalogue, defaultImage } from "./catalogue.js";
import { parseDigest } from "./digest.js";
import type { Architecture, Image } from "./image.js";

/** This computer's. @throws MachineError `unsupported` where there are no images for it */
export function hostArchitecture(): Architecture {
  const here = arch();
  if (here === "x64") return "amd64";
  if (here === "arm64") return "arm64";
  throw new MachineError("unsupported", `there are no images for the architecture of this computer (${here})`);
}

/**
 * The image that a user means.
 * @param given a name of the catalogue, e.g. `debian-13`, a URL, or a file; empty: the default image
 * @param digest what the user says it must be; empty: that of the catalogue, or any
 * @throws MachineError `usage` for what is none of these, or a digest that is none
 */
export function chooseImage(given: string, digest: string, architecture: Architecture, env: Io["env"]): Image {
  const wanted = digest === "" ? undefined : parseDigest(digest);
  if (digest !== "" && wanted === undefined) {
    throw new MachineError("usage", `"${digest}" is no digest of an image`, { hint: "sha256:HEX or sha512:HEX" });
  }
  const named = catalogue.filter(({ name }) => name === (given || defaultImage));
  const entry = named.find((one) => one.architecture === architecture);
  if (entry !== undefined) return { url: entry.url, digest: wanted ?? entry.digest };
  if (named.length > 0) throw unknown(`there is no image ${given} for ${architecture}`, architecture);
  return { url: urlOf(given, architecture, env), digest: wanted ?? "" };
}

function urlOf(given: string, architecture: Architecture, env: Io["env"]): string {
  try {
    if (/^https?:\/\//i.test(given)) return new URL(given).href;
    const path = given.startsWith("file://") ? fileURLToPath(given) : absolutePath(given, env);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path;
  } catch (error) {
    throw new MachineError("usage", `"${given}" is no image: ${messageOf(error)}`);
  }
  throw unknown(`there is no image "${given}", and no such file`, architecture);
}

function unknown(message: string, architecture: Architecture): MachineError {
  const names = catalogue.filter((one) => one.architecture === architecture).map(({ name }) => name);
  return new MachineError("usage", message, { hint: `a URL, a file, or one of ${names.join(", ")}` });
}
