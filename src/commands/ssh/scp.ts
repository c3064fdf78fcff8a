import { platform } from "node:os";
import { loadHost, type Host } from "../../core/host/host.js";
import type { Session } from "../../core/session/session.js";
import { boolean, MachineError } from "../../driver/index.js";
import { defineCommand } from "../../cli/command.js";
import { oneName } from "../../cli/for-each-machine.js";
import { runningHost, runProgram, withOpenSsh } from "./openssh.js";

export const scp = defineCommand({
  usage: "[OPTIONS] [[user@]machine:][path] [[user@]machine:][path]",
  options: {
    recursive: boolean({ help: "Copy files recursively (required to copy directories)", short: "r" }),
    delta: boolean({
      help: "Reduce amount of data sent over network by sending only the differences (uses rsync)",
      short: "d",
    }),
    quiet: boolean({
      help: "Disables the progress meter as well as warning and diagnostic messages from ssh",
      short: "q",
    }),
  },
  async run({ args, values, session, terminal }) {
    const [from, to, ...extra] = args;
    if (from === undefined || to === undefined || extra.length > 0) throw wrongArguments();
    const ends = await Promise.all([endOf(from, session), endOf(to, session)]);
    const hosts = ends.flatMap(({ host }) => (host === undefined ? [] : [host]));
    const words = ends.map(({ word }) => word);
    const r = values.recursive ? ["-r"] : [];
    const [q, progress] = values.quiet ? [["-q"], []] : [[], ["--progress"]];
    return withOpenSsh(session, hosts, (config) =>
      values.delta
        ? // rsync takes the words of its -e apart, with quotes but without a backslash.
          runProgram(
            "use the --delta option",
            "rsync",
            [...progress, "-e", `ssh -F "${config}"`, ...r, "--", ...words],
            terminal,
          )
        : runProgram("use the scp feature", "scp", ["-F", config, "-3", ...r, ...q, "--", ...words], terminal),
    );
  },
});

export const mount = defineCommand({
  usage: "[OPTIONS] [machine:]path [mountpoint]",
  options: { unmount: boolean({ help: "Unmount instead of mount", short: "u" }) },
  async run({ args, values, session, terminal }) {
    const [from, to, ...extra] = args;
    if (from === undefined || extra.length > 0) throw wrongArguments();
    const { user, name, path } = remotePath(from) ?? { user: "", name: undefined, path: from };
    const saved = await loadHost(session, await oneName(name === undefined ? [] : [name], session));
    const mountpoint = to ?? path;
    if (values.unmount) return runProgram("use the unmount option", "fusermount", ["-u", "--", mountpoint], terminal);
    const host = await runningHost(session, saved, "Error: Cannot mount");
    return withOpenSsh(session, [host], (config) =>
      runProgram(
        "use the mount feature",
        "sshfs",
        ["-F", config, "--", `${user}${host.name}:${path}`, mountpoint],
        terminal,
      ),
    );
  },
});

interface End {
  /** What stands in the program's command line. */
  readonly word: string;
  readonly host?: Host;
}

/** `[user@]machine:path`; `localhost:path` and what has no colon are on this computer. */
async function endOf(word: string, session: Session): Promise<End> {
  const remote = remotePath(word);
  if (remote === undefined) return { word };
  const { user, name, path } = remote;
  if (name === "localhost") return { word: path };
  const host = await runningHost(session, await loadHost(session, name), "Error: Cannot copy");
  return { word: `${user}${name}:${path}`, host };
}

/** The parts of `[user@]machine:path`, the user with its sign. A colon behind a slash belongs to a path, as scp(1) has it. */
function remotePath(word: string): { user: string; name: string; path: string } | undefined {
  if (/^[^:]*\/[^]*:/.test(word) || (platform() === "win32" && /^[a-z]:[\\/]/i.test(word))) return undefined;
  const [, user = "", name, path] = /^([^@:]+@)?([^@:]+):([^]*)$/.exec(word) ?? [];
  return name === undefined || path === undefined ? undefined : { user, name, path };
}

function wrongArguments(): MachineError {
  return new MachineError("failed", "Improper number of arguments");
}
