import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Io } from "./io.js";

/** The user's home directory. */
export function homeOf(env: Io["env"]): string {
  return env["HOME"] ?? env["USERPROFILE"] ?? homedir();
}

/** Absolute path of a file that a person has named: `~/` is the home directory. */
export function absolutePath(path: string, env: Io["env"]): string {
  return resolve(path.startsWith("~/") ? join(homeOf(env), path.slice(2)) : path);
}

/** The private keys in `~/.ssh` that ssh tries where none is named, in its order. */
export const defaultKeyNames = ["id_ed25519", "id_ecdsa", "id_rsa"] as const;
