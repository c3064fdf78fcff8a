import { constants, promises as fs } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { MachineError, type Io } from "../../src/driver/index.js";

/**
 * Absolute path of a private key. It stays where the user keeps it: the store holds no copy that could leak or go stale.
 * @throws MachineError `precheck` for one that is not there or cannot be read
 */
export async function readableKey(path: string, { env }: Pick<Io, "env">): Promise<string> {
  const full = resolve(path.startsWith("~/") ? join(homeOf(env), path.slice(2)) : path);
  try {
    await fs.access(full, constants.R_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new MachineError(
      "precheck",
      missing ? `SSH key does not exist: "${path}"` : `SSH key cannot be read: "${path}"`,
      { hint: "--generic-ssh-key takes the private key file" },
    );
  }
  return full;
}

/** Those of the default keys, by which ssh logs in where none is named, that are there and can be read. */
export async function defaultKeys({ env }: Pick<Io, "env">): Promise<readonly string[]> {
  const paths = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homeOf(env), ".ssh", name));
  const found = await Promise.allSettled(paths.map((path) => fs.access(path, constants.R_OK)));
  return paths.filter((_, index) => found[index]?.status === "fulfilled");
}

function homeOf(env: Io["env"]): string {
  return env["HOME"] ?? homedir();
}
