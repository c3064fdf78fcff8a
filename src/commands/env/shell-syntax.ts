import { basename } from "node:path";
import { MachineError } from "../../driver/index.js";
import type { Terminal } from "../../ui/terminal.js";

/** How a shell takes environment variables. The forms are docker-machine's, but for elvish and nushell. */
export interface ShellSyntax {
  readonly set: (name: string, value: string) => string;
  readonly unset: (name: string) => string;
  readonly comment: string;
  /** How the output of `command` is evaluated. */
  readonly evaluate: (command: string) => string;
  /** The same where the output takes variables away, if that differs. */
  readonly evaluateUnset?: (command: string) => string;
}

const posix: ShellSyntax = {
  set: (name, value) => `export ${name}="${value.replace(/["\\$`]/g, "\\$&")}"`,
  unset: (name) => `unset ${name}`,
  comment: "#",
  evaluate: (command) => `eval $(${command})`,
};

const powershell: ShellSyntax = {
  set: (name, value) => `$Env:${name} = "${powershellQuoted(value)}"`,
  unset: (name) => `Remove-Item Env:\\\\${name}`,
  comment: "#",
  evaluate: (command) => `& ${command} | Invoke-Expression`,
};

/**
 * Nushell evaluates no text; what changes its environment is a record, here read from TOML.
 * @see https://www.nushell.sh/commands/docs/load-env.html
 */
const nushell: ShellSyntax = {
  set: (name, value) => `${name} = "${tomlEscaped(value)}"`,
  unset: (name) => `${name} = ""`,
  comment: "#",
  evaluate: (command) => `${command} | from toml | load-env`,
  evaluateUnset: (command) => `hide-env --ignore-errors ...(${command} | from toml | columns)`,
};

const shells: Readonly<Record<string, ShellSyntax>> = {
  fish: {
    set: (name, value) => `set -gx ${name} "${value.replace(/["\\$]/g, "\\$&")}";`,
    unset: (name) => `set -e ${name};`,
    comment: "#",
    evaluate: (command) => `eval (${command})`,
  },
  powershell,
  pwsh: powershell,
  cmd: {
    set: (name, value) => `SET ${name}=${oneLine(value)}`,
    unset: (name) => `SET ${name}=`,
    comment: "REM",
    evaluate: (command) => `\t@FOR /f "tokens=*" %i IN ('${command}') DO @%i`,
  },
  tcsh: {
    set: (name, value) => `setenv ${name} "${tcshQuoted(value)}";`,
    unset: (name) => `unsetenv ${name};`,
    comment: ":",
    evaluate: (command) => `eval \`${command}\``,
  },
  emacs: {
    // Line breaks as escapes, since Emacs converts those of what it reads from a process.
    set: (name, value) =>
      `(setenv "${name}" "${value.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}")`,
    unset: (name) => `(setenv "${name}" nil)`,
    comment: ";;",
    evaluate: (command) => `(with-temp-buffer (shell-command "${command}" (current-buffer)) (eval-buffer))`,
  },
  elvish: {
    set: (name, value) => `set-env ${name} '${value.replaceAll("'", "''")}'`,
    unset: (name) => `unset-env ${name}`,
    comment: "#",
    evaluate: (command) => `eval (${command} | slurp)`,
  },
  nu: nushell,
  nushell,
};

export const shellNames: readonly string[] = ["bash", "zsh", "sh", ...Object.keys(shells)];

/** The syntax of the shell that is asked for, else of the one that runs; POSIX for every shell not known by name. */
export function shellSyntax(wanted: string | undefined, terminal: Pick<Terminal, "env" | "platform">): ShellSyntax {
  const name = wanted ?? currentShell(terminal);
  return Object.hasOwn(shells, name) ? (shells[name] ?? posix) : posix;
}

/** That of $SHELL; on Windows, where only ported shells set it, PowerShell is known by the user's modules, whose path it adds. */
function currentShell({ env, platform }: Pick<Terminal, "env" | "platform">): string {
  const own = basename(env["SHELL"] ?? "");
  if (platform !== "win32" || own !== "") return own;
  if (env["__fish_bin_dir"]) return "fish";
  return /\\Documents\\(?:Windows)?PowerShell\\Modules/i.test(env["PSModulePath"] ?? "") ? "powershell" : "cmd";
}

/** cmd.exe has no way to write a line break: what stood behind one would be a command. */
function oneLine(value: string): string {
  if (/[\r\n]/.test(value)) throw new MachineError("failed", "cmd cannot set a value that contains a line break");
  return value;
}

/** Each line is evaluated by itself, and typographic quotes end a string as `"` does. */
function powershellQuoted(value: string): string {
  return value
    .replace(/["“”„`$]/g, "`$&")
    .replaceAll("\n", "`n")
    .replaceAll("\r", "`r");
}

/** What is special between double quotes can only stand between single ones; `!` and a line break behind a backslash. */
function tcshQuoted(value: string): string {
  return value.replace(/["$`]+/g, `"'$&'"`).replace(/[!\n]/g, "\\$&");
}

function tomlEscaped(value: string): string {
  return value
    .replace(/["\\]/g, "\\$&")
    .replace(/\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
