import { finish, type CommandOptions, type Finished } from "./command.js";
import type { Program } from "./program.js";

/**
 * Runs a line of sh where the user's real home shows what is in the program's: OpenSSH looks for ~/.ssh/config in the
 * home of the user database, whatever HOME says.
 */
export function atHome({ env }: Program, line: string, options: CommandOptions = {}): Promise<Finished> {
  const script = 'mount --bind "$HOME" "$(getent passwd "$(id -u)" | cut -d: -f6)" && eval "$1"';
  return finish("unshare", ["--mount", "sh", "-c", script, "sh", line], {
    ...options,
    env: { ...env, ...options.env },
  });
}
