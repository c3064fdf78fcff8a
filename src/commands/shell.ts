import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stateWord } from "../core/status.js";
import { loadHost, sshTargetOf, type Host } from "../core/host.js";
import { openSsh } from "../core/io.js";
import type { Session } from "../core/session.js";
import { boolean, MachineError, type SshTarget } from "../driver/index.js";
import { print, type Terminal } from "../ui/terminal.js";
import { defineCommand } from "./command.js";
import { oneName } from "./machines.js";

export const ssh = defineCommand({
  usage: "[NAME] [--] [COMMAND...]",
  options: {},
  verbatim: true,
  async run({ args, session, terminal }) {
    const host = await loadHost(session, await oneName(args.slice(0, 1), session));
    const words = args.slice(1);
    const target = await sshTarget(host, "Error: Cannot run SSH command");
    // Options like -t or -L are those of the ssh program, as docker-machine hands them on.
    if (words[0]?.startsWith("-") === true && words[0] !== "--") {
      return withOpenSsh(session, [{ host, target }], (config) =>
        runProgram("ssh", ["-F", config, host.name, ...words], terminal),
      );
    }
    const command = (words[0] === "--" ? words.slice(1) : words).join(" ");
    const connection = await openSsh(session, host.name, target);
    return connection.attach(command === "" ? undefined : command, terminal, { term: terminal.env["TERM"] });
  },
});

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
    if (from === undefined || to === undefined || extra.length > 0) {
      throw new MachineError("failed", "Improper number of arguments");
    }
    const ends = await Promise.all([endOf(from, session), endOf(to, session)]);
    const machines = ends.flatMap(({ machine }) => (machine === undefined ? [] : [machine]));
    const words = ends.map(({ word }) => word);
    const r = values.recursive ? ["-r"] : [];
    return withOpenSsh(session, machines, (config) =>
      values.delta
        ? runProgram(
            "rsync",
            [...(values.quiet ? [] : ["--progress"]), "-e", `ssh -F ${config}`, ...r, ...words],
            terminal,
          )
        : runProgram("scp", ["-F", config, "-3", ...r, ...(values.quiet ? ["-q"] : []), ...words], terminal),
    );
  },
});

export const trust = defineCommand({
  usage: "NAME SHA256:FINGERPRINT",
  options: {},
  async run({ args, session, terminal }) {
    const [name, fingerprint, ...extra] = args;
    if (name === undefined || fingerprint === undefined || extra.length > 0) {
      throw new MachineError("usage", "a machine and the fingerprint of its new host key are needed", {
        hint: "the host's own console shows it: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
      });
    }
    const host = await loadHost(session, name);
    await session.store.lock(name, () => openSsh(session, name, sshTargetOf(host), fingerprint));
    print(terminal, `The host key ${fingerprint} of ${name} is trusted from now on.`);
  },
});

async function sshTarget(host: Host, doing: string): Promise<SshTarget> {
  const target = sshTargetOf(host);
  const { status } = await host.driver.inspect(host.machine, host.io);
  if (status === "running") return target;
  throw new MachineError("failed", `${doing}: Host "${host.name}" is not running`, {
    hint: `machine status ${host.name} says ${stateWord(status)}`,
  });
}

interface End {
  /** What stands in the program's command line. */
  readonly word: string;
  readonly machine?: { readonly host: Host; readonly target: SshTarget };
}

/** `[user@]machine:path`; `localhost:path` and what has no colon are on this computer. */
async function endOf(word: string, session: Session): Promise<End> {
  const [, user, name, path] = /^(?:([^@:]+)@)?([^@:]+):([^]*)$/.exec(word) ?? [];
  if (name === undefined || path === undefined) return { word };
  if (name === "localhost") return { word: path };
  const host = await loadHost(session, name);
  const target = await sshTarget(host, "Error: Cannot copy");
  return { word: `${user === undefined ? "" : `${user}@`}${name}:${path}`, machine: { host, target } };
}

/** Runs `work` with a configuration file for the programs of OpenSSH in which the machines have their names. */
async function withOpenSsh<T>(
  session: Session,
  machines: readonly { readonly host: Host; readonly target: SshTarget }[],
  work: (config: string) => Promise<T>,
): Promise<T> {
  const [{ opensshConfig }, { opensshHost }] = await Promise.all([
    import("../shell/openssh.js"),
    import("../core/ssh-config.js"),
  ]);
  const hosts = machines.map(({ host }) => opensshHost(host));
  // The programs accept only pinned keys: at the first contact ours is made before.
  await Promise.all(machines.map(({ host, target }) => openSsh(session, host.name, target)));
  const dir = await mkdtemp(join(tmpdir(), "machine-ssh-"));
  try {
    const config = join(dir, "config");
    await writeFile(config, opensshConfig(hosts), { mode: 0o600 });
    return await work(config);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Runs a program in the terminal and resolves with its exit status. */
function runProgram(file: string, args: readonly string[], terminal: Terminal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: [terminal.stdin, terminal.stdout, terminal.stderr] as never,
      env: terminal.env,
    });
    child.on("error", (cause) => {
      reject(
        new MachineError("failed", `You must have a copy of the ${file} binary locally to use this feature`, { cause }),
      );
    });
    child.on("close", (code, signal) => {
      resolve(code ?? (signal === null ? 1 : 130));
    });
  });
}
