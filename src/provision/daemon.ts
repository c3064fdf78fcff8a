import { MachineError } from "../driver/index.js";
import { quote } from "../shell/script.js";

/** Where the engine's certificates lie on the host. */
export const certificatePaths = {
  ca: "/etc/docker/ca.pem",
  cert: "/etc/docker/server.pem",
  key: "/etc/docker/server-key.pem",
} as const;

/** docker-machine's path, so that its drop-in is replaced. */
export const dropInPath = "/etc/systemd/system/docker.service.d/10-machine.conf";

export const openrcPath = "/etc/conf.d/docker";

/**
 * All that opens the engine's TCP port, on one command line: whoever loses it loses the port, not the TLS.
 * `0.0.0.0` covers IPv6 as well, because Go listens on both for either wildcard address.
 * @param port undefined: it opens none
 */
function tcpFlags(port: number | undefined): string {
  if (port === undefined) return "";
  const { ca, cert, key } = certificatePaths;
  return ` -H tcp://0.0.0.0:${String(port)} --tlsverify --tlscacert=${ca} --tlscert=${cert} --tlskey=${key}`;
}

/** What the service of an engine is given. */
export interface ServiceSettings {
  /** Undefined: the engine opens none. */
  readonly port: number | undefined;
  /** Words for the end of dockerd's command line. */
  readonly flags: readonly string[];
  /** Sockets of the host itself that daemon.json had, as `-H` takes them. */
  readonly hosts: readonly string[];
  /** Lines `K=V`. */
  readonly env: readonly string[];
}

/**
 * The drop-in for docker.service: the unit's own command line plus our port and flags, and the environment.
 * @param unit output of `systemctl cat docker.service`
 * @throws MachineError `failed` when the unit runs nothing, or when another drop-in's command line would win over ours
 */
export function dropIn(unit: string, { port, flags, hosts, env }: ServiceSettings): string {
  const quoted = (word: string): string => systemdQuote(word).replaceAll("$", "$$$$");
  const { words, local } = splitCommand(ownExecStart(unit));
  const added = local.length + hosts.length === 0 ? [defaultSocket] : hosts;
  const command = `${words.join(" ")}${joined(listenOn(added), quoted)}${tcpFlags(port)}${joined(flags, quoted)}`;
  const lines = ["[Service]", "ExecStart=", `ExecStart=${command}`];
  return [...lines, ...env.map((line) => `Environment=${systemdQuote(line)}`), ""].join("\n");
}

/** The TCP addresses of the unit's own command line, which the drop-in leaves out. */
export function closedAddresses(unit: string): readonly string[] {
  return splitCommand(ownExecStart(unit)).closed;
}

function listenOn(hosts: readonly string[]): string[] {
  return hosts.flatMap((host) => ["-H", host]);
}

const defaultSocket = "unix:///var/run/docker.sock";

/** Whether an address, as `-H` takes it, is a socket of the host itself: what has no scheme is a TCP address. */
export function isLocal(host: string): boolean {
  return /^["']?(?:unix|fd):/.test(host);
}

/** Words to follow others; those that need it are quoted. */
function joined(words: readonly string[], quoted: (word: string) => string): string {
  return words.map((word) => ` ${/^[\w=.,:/@+-]+$/.test(word) ? word : quoted(word)}`).join("");
}

/** The unit's last ExecStart where ours is not counted. An empty assignment forgets those before it. */
function ownExecStart(unit: string): string {
  let own = "";
  for (const { path, text } of unitFiles(unit)) {
    if (path === dropInPath) continue;
    for (const [, value = ""] of joinLines(text).matchAll(/^[ \t]*ExecStart[ \t]*=[ \t]*(.*?)[ \t]*$/gm)) {
      own = value;
      if (value !== "" && sortsAfterOurs(path)) throw laterDropIn(path);
    }
  }
  if (own === "") {
    throw new MachineError("failed", "docker.service on the host has no command line (ExecStart)", {
      hint: "look at `systemctl cat docker.service` on the host",
    });
  }
  return own;
}

function sortsAfterOurs(path: string): boolean {
  return path.endsWith(".conf") && baseName(path) > baseName(dropInPath);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function laterDropIn(path: string): MachineError {
  const ours = baseName(dropInPath);
  const what = `${path} on the host sets ExecStart after ${ours}, so the engine would not open its port`;
  return new MachineError("failed", what, {
    hint: `take ExecStart out of ${path}, or give the file a name that sorts before ${ours}`,
  });
}

/** `systemctl cat` says before each file where it lies. */
function unitFiles(unit: string): { path: string; text: string }[] {
  const parts = unit.split(/^# (\/\S+\.(?:service|conf))$/m);
  return parts.flatMap((path, at) => (at % 2 === 1 ? [{ path, text: parts[at + 1] ?? "" }] : []));
}

/** A backslash at a line's end continues it; comment lines in between are skipped (systemd.syntax(7)). */
function joinLines(text: string): string {
  return text.replace(/^[ \t]*[#;].*\n?/gm, "").replace(/\\\n/g, " ");
}

interface CommandParts {
  /** Without TCP addresses and TLS flags. */
  readonly words: readonly string[];
  /** Addresses among them. */
  readonly local: readonly string[];
  readonly closed: readonly string[];
}

function splitCommand(line: string): CommandParts {
  const parts = { words: [] as string[], local: [] as string[], closed: [] as string[] };
  const all = line.match(/(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+/g) ?? [];
  for (let at = 0; at < all.length; at++) {
    const word = all[at] ?? "";
    const flag = /^(-H|--host|--tls(?:verify|cacert|cert|key)?)(?:=(.*))?$/.exec(word) ?? /^(-H)(.+)$/.exec(word);
    if (flag === null) {
      parts.words.push(word);
      continue;
    }
    const takesNext = flag[2] === undefined && !/^--tls(?:verify)?$/.test(flag[1] ?? "");
    const value = takesNext ? (all[++at] ?? "") : (flag[2] ?? "");
    if (flag[1]?.startsWith("--tls") === true) continue;
    parts[isLocal(value) ? "local" : "closed"].push(value);
    if (isLocal(value)) parts.words.push(...(takesNext ? [word, value] : [word]));
  }
  return parts;
}

/** One word: quotes, escapes and specifiers of systemd.syntax(7) and systemd.unit(5). Variables are for command lines only. */
function systemdQuote(word: string): string {
  const escaped = word
    .replace(/[\\"]/g, String.raw`\$&`)
    .replaceAll("%", "%%")
    // A carriage return ends a line of a unit as well as a line feed.
    .replace(/\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${escaped}"`;
}

const [begin, end] = ["# begin of machine's lines", "# end of machine's lines"];

/**
 * /etc/conf.d/docker of OpenRC, which is a shell script: what is there already, then our lines. A shell reads
 * DOCKER_OPTS once more when the service starts, so its words are quoted. K of a line of `env` becomes a variable of the
 * shell, so it has to be a name.
 */
export function openrcConfig(existing: string, { port, flags, hosts, env }: ServiceSettings): string {
  const own = existing.replace(new RegExp(`${begin}\n[^]*?${end}\n`), "");
  const words = [...listenOn(hosts.filter((host) => host !== defaultSocket)), ...flags];
  const lines = [
    begin,
    `DOCKER_OPTS="$DOCKER_OPTS -H ${defaultSocket}${tcpFlags(port)}"${quote(joined(words, quote))}`,
    ...env.map((line) => {
      const at = line.indexOf("=");
      return `export ${line.slice(0, at)}=${quote(line.slice(at + 1))}`;
    }),
    end,
    "",
  ];
  return (own === "" || own.endsWith("\n") ? own : `${own}\n`) + lines.join("\n");
}

/** systemd ignores a whole unit from the first line on that has a code point which is no character. */
export function fitsUnit(text: string): boolean {
  return !/[\0\p{Cs}\p{Noncharacter_Code_Point}]/u.test(text);
}

/** @throws MachineError `usage` for what is no `K=V`, or what a unit could not hold */
export function checkEnvironment(env: readonly string[]): void {
  const nameOf = (line: string): string => line.split("=", 1)[0] ?? "";
  const wrong = env.find((line) => !/^[A-Za-z_][A-Za-z0-9_]*=/.test(line));
  if (wrong !== undefined) {
    throw new MachineError("usage", `--engine-env takes NAME=VALUE, which what begins with "${nameOf(wrong)}" is not`);
  }
  const unfit = env.find((line) => !fitsUnit(line));
  if (unfit !== undefined) {
    throw new MachineError("usage", `the value of --engine-env ${nameOf(unfit)} has a code point that is no character`);
  }
}
