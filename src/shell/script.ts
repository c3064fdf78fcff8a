import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MachineError, templatesFolder, type CommandResult, type Shell } from "../driver/index.js";

/** How a script becomes root on one host: what stands before `sh`, and the password that it reads first, if any. */
export interface Privilege {
  readonly prefix: string;
  readonly password?: string;
}

/** Asks for the password that sudo wants; undefined: there is none. */
export type AskPassword = () => Promise<string | undefined>;

/** The rights of the user who logged in. */
export const asUser: Privilege = { prefix: "" };

export interface ShellScript {
  /** What an error says first: "web-1: could not install the engine". */
  readonly name: string;
  /** What the machine's log calls it. Default: `name`. */
  readonly purpose?: string;
  /** POSIX shell. It finds /dev/null as stdin, and `input` on descriptor 3. */
  readonly text: string;
  /** Exported before the text runs, by name (`[A-Z][A-Z0-9_]*`). Never seen in a process list. */
  readonly params?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Milliseconds, default 120,000. */
  readonly timeout?: number;
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a script on a host. Only `sh` and a byte count stand on the remote command line: the script and its
 * parameters are the first bytes of stdin, so `ps` shows neither, and no login shell gets to read them.
 * A script that is cut off on the way does nothing, since it is one group of commands for the shell.
 * It may explain its failure by the lines `machine-error: TEXT` and `machine-hint: TEXT`.
 * @throws MachineError `failed` with the last 20 lines of output when the exit status is not 0
 */
export async function runScript(
  shell: Shell,
  script: ShellScript,
  { prefix, password }: Privilege,
): Promise<CommandResult> {
  const body = Buffer.from(`{\n${beginning}\n${prologue}\n${exports(script.params ?? {})}${script.text}\n}\n`);
  const command = `${prefix}sh -c 'eval "$(${take(body.length)})"'`;
  const heard: string[] = [];
  const result = await shell.exec(command, {
    input: Buffer.concat([passwordLine(password), body, Buffer.from(script.input ?? "")]),
    purpose: script.purpose ?? script.name,
    timeout: script.timeout ?? 120_000,
    onLine: (line) => {
      // What a login shell's start-up files print stands before the mark.
      if (heard.includes(mark)) script.onLine?.(line);
      heard.push(line);
    },
  });
  const begun = heard.indexOf(mark) + 1;
  if (begun === 0 && (result.code === 0 || prefix === "")) throw ignored(script.name, heard);
  if (result.code !== 0) throw failure(script.name, result.code, heard.slice(begun));
  return { ...result, stdout: result.stdout.slice(result.stdout.indexOf(`${mark}\n`) + mark.length + 1) };
}

/** A line of its own, also behind a greeting without an end. */
const mark = "machine-begin";
const beginning = `printf '\\n%s\\n' ${mark}`;

function ignored(name: string, said: readonly string[]): MachineError {
  const output = said.filter((line) => line !== "").slice(-20);
  return new MachineError("failed", `${name}: the host does not run commands sent over ssh`, {
    hint: "look for a forced command in authorized_keys, or an `exec` in a start-up file of the login shell, such as ~/.bashrc",
    output: output.length > 0 ? output.join("\n") : undefined,
  });
}

/**
 * Takes exactly so many bytes from stdin, as a larger read would take what follows the script as well: at once, or one
 * by one where dd does not know of `fullblock` and says so before it reads.
 */
function take(bytes: number): string {
  const size = String(bytes);
  return `dd iflag=fullblock bs=${size} count=1 2>/dev/null || dd bs=1 count=${size} 2>/dev/null`;
}

/** Non-login shells of plain users often lack the sbin directories; messages are matched in English. */
const prologue = `exec 3<&0 </dev/null
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"`;

function exports(params: Readonly<Record<string, string>>): string {
  return Object.entries(params)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join("");
}

/**
 * One word for a POSIX shell: what the shell makes of it is `word` again, byte for byte.
 * @throws MachineError `usage` for a NUL character, which no shell can pass on
 */
export function quote(word: string): string {
  if (word.includes("\0")) throw new MachineError("usage", "a value for the host contains a NUL character");
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function passwordLine(password: string | undefined): Buffer {
  return Buffer.from(password === undefined ? "" : `${password}\n`);
}

function failure(name: string, code: number, lines: readonly string[]): MachineError {
  const said = (kind: string) =>
    lines.findLast((line) => line.startsWith(`machine-${kind}: `))?.slice(kind.length + 10);
  const output = lines.filter((line) => !line.startsWith("machine-")).slice(-20);
  const isFull = output.some((line) => /no space left on device|enough free space/i.test(line));
  return new MachineError("failed", `${name}: ${said("error") ?? `exit status ${String(code)}`}`, {
    hint: isFull ? "the host's disk is full: `df -h` on the host shows where to make room" : said("hint"),
    output: output.length > 0 ? output.join("\n") : undefined,
  });
}

/**
 * Finds out how to become root, changing nothing: as root already, by sudo (or doas) without a password, or by sudo
 * with the password that `askPassword` gives, which is tried once on an empty command.
 * @throws MachineError `failed` that says what the host lacks
 */
export async function becomeRoot(shell: Shell, askPassword: AskPassword): Promise<Privilege> {
  const purpose = "find out how to become root";
  const script = { name: `could not ${purpose}`, purpose, text: probe, timeout: 60_000 };
  const { stdout } = await runScript(shell, script, asUser);
  const [, user = "", way = "", why = ""] = /^machine-user: (.*)\nmachine-way: (.*)\n([^]*)/m.exec(stdout) ?? [];
  if (way === "root") return asUser;
  if (way === "sudo" || way === "doas") return { prefix: `${way} -n -- ` };
  if (way !== "password") throw new MachineError("failed", `${user} is not root, and the host has no sudo`, noSudo);
  if (!/password|authenticat/i.test(why)) throw refusal(user, why);
  return bySudoPassword(shell, user, await askPassword());
}

const noSudo = { hint: "log in as root, or install sudo on the host and allow it to the user" };

/** Prints the user, the way, and what sudo says against it. */
const probe = `way=none; said=
if [ "$(id -u)" = 0 ]; then way=root
elif command -v sudo >/dev/null; then
  if said=$(LC_ALL=C sudo -n -- sh -c : 2>&1); then way=sudo; else way=password; fi
elif command -v doas >/dev/null && doas -n -- sh -c : 2>/dev/null; then way=doas
fi
printf "machine-user: %s\\nmachine-way: %s\\n%s\\n" "$(id -un)" "$way" "$said"`;

async function bySudoPassword(shell: Shell, user: string, password: string | undefined): Promise<Privilege> {
  if (password === undefined) {
    throw new MachineError("failed", `sudo asks ${user} for a password, and none was given`, {
      hint: "--sudo-password-file FILE gives it, or allow sudo without one (NOPASSWD) on the host",
    });
  }
  // -k: with a cached ticket sudo would leave the password to the command's stdin.
  const privilege: Privilege = { prefix: "sudo -k -S -p '' -- ", password };
  const { code, stderr } = await shell.exec(`${privilege.prefix}sh -c :`, {
    input: passwordLine(password),
    purpose: "try the password for sudo",
    timeout: 60_000,
  });
  if (code !== 0) throw refusal(user, stderr);
  return privilege;
}

function refusal(user: string, why: string): MachineError {
  const [message, hint] = /not in the sudoers|not allowed to|may not run/i.test(why)
    ? [`${user} may not use sudo`, "log in as root, or add the user to the group sudo or wheel on the host"]
    : /must have a tty/i.test(why)
      ? ["sudo wants a terminal", `put "Defaults:${user} !requiretty" into a file of /etc/sudoers.d on the host`]
      : /try again|incorrect password|no password was provided|authentication fail/i.test(why)
        ? [`sudo does not accept the password of ${user}`, "--sudo-password-file FILE gives another one"]
        : [`${user} cannot use sudo`, "log in as root"];
  return new MachineError("failed", message, { hint, output: why.trim() === "" ? undefined : why.trim() });
}

/**
 * The text of the scripts under templates/provision, joined in the order given: a library first, what calls it last.
 * @throws MachineError `failed` when the package is incomplete
 */
export async function template(...names: readonly string[]): Promise<string> {
  const folder = join(await templatesFolder(import.meta.dirname), "provision");
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.join("\n");
}
