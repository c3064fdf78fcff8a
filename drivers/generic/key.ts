import { constants, promises as fs } from "node:fs";
import { join } from "node:path";
import { absolutePath, defaultKeyNames, homeOf, isSystemError, MachineError, type Io } from "../../src/driver/index.js";

/**
 * Absolute path of a private key. It stays where the user keeps it: the store holds no copy that could leak or go stale.
 * @throws MachineError `precheck` for one that is not there or cannot be read
 */
export async function readableKey(path: string, { env }: Pick<Io, "env">): Promise<string> {
  const full = absolutePath(path, env);
  try {
    await fs.access(full, constants.R_OK);
  } catch (error) {
    const why = isSystemError(error, "ENOENT") ? "does not exist" : "cannot be read";
    throw new MachineError("precheck", `SSH key ${why}: "${path}"`, {
      hint: "--generic-ssh-key takes the private key file",
    });
  }
  return full;
}

/** Those of the default keys, by which ssh logs in where none is named, that are there and can be read. */
export async function defaultKeys({ env }: Pick<Io, "env">): Promise<readonly string[]> {
  const paths = defaultKeyNames.map((name) => join(homeOf(env), ".ssh", name));
  const found = await Promise.allSettled(paths.map((path) => fs.access(path, constants.R_OK)));
  return paths.filter((_, index) => found[index]?.status === "fulfilled");
}
