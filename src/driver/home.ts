import { platform, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { MachineError } from "./error.js";
import type { Io } from "./io.js";

/**
 * The user's home directory: HOME, on Windows USERPROFILE, else that of the system's list of users. What is empty
 * counts as not given.
 * @throws MachineError `failed` where there is none, as in a container that runs as a number nobody has
 */
export function homeOf(env: Io["env"], system: NodeJS.Platform = platform()): string {
  const [first, second] = system === "win32" ? ["USERPROFILE", "HOME"] : ["HOME", "USERPROFILE"];
  const home = env[first] || env[second] || account()?.homedir;
  if (home) return home;
  throw new MachineError("failed", "this user has no home directory", {
    hint: "set HOME, or give the store a directory: --storage-path DIR",
  });
}

/** What the user is called: USER, USERNAME, the system's name for the user, else the user's number. */
export function userName(env: Io["env"]): string {
  return env["USER"] || env["USERNAME"] || (account()?.username ?? String(process.getuid?.()));
}

/** Undefined for a number that is not in the system's list of users. */
function account(): { readonly username: string; readonly homedir: string } | undefined {
  try {
    return userInfo();
  } catch {
    return undefined;
  }
}

/** Absolute path of a file that a person has named: `~/` is the home directory. */
export function absolutePath(path: string, env: Io["env"]): string {
  return resolve(withHome(path, env));
}

/** What begins with `~/` as a shell would have it, which sees neither the value of `--flag=~/x` nor a file's. */
export function withHome(path: string, env: Io["env"]): string {
  return path.startsWith("~/") ? join(homeOf(env), path.slice(2)) : path;
}

/** The private keys in `~/.ssh` that ssh tries where none is named, in its order. */
export const defaultKeyNames = ["id_ed25519", "id_ecdsa", "id_rsa"] as const;
