import { join } from "node:path";
import { defaultKeyNames, MachineError, type SshTarget } from "../driver/index.js";
import { quote } from "./script.js";
import { parseJump } from "./ssh/jump.js";

/** A machine as ssh's configuration needs it. */
export interface OpenSshHost {
  readonly name: string;
  readonly target: SshTarget;
  /** The machine's known_hosts file. */
  readonly knownHosts: string;
}

/**
 * An ssh_config(5) text with one `Host NAME` block for each machine, and one for each of its jump hosts, for
 * `ssh -F FILE NAME`, `scp -F FILE A:path B:path` and the like. Only host keys that are pinned already are accepted.
 * @param sockets directory, for the user alone, of the connections that are shared; undefined: each program has its own
 * @throws MachineError `usage` for a value that cannot stand in such a file (a line break), or a malformed jump host
 */
export function opensshConfig(hosts: readonly OpenSshHost[], sockets?: string): string {
  const shared = sockets === undefined ? [] : sharing(sockets);
  return hosts.flatMap((host) => blocksOf(host, shared)).join("\n");
}

/** The line of an ssh_config that reads another file. */
export function includeOf(file: string): string {
  return `Include ${argument(file.replace(/[*?[\\]/g, "\\$&"))}`;
}

/** None where the name of the socket would be too long for macOS: 103 bytes, 17 of them for its making. */
function sharing(sockets: string): Lines {
  if (Buffer.byteLength(sockets) + 1 + sha1Digits + 17 > 103) return [];
  return [
    ["ControlMaster", "auto"],
    ["ControlPath", join(expandable(sockets), "%C")],
    ["ControlPersist", "60s"],
  ];
}

const sha1Digits = 40;

function blocksOf({ name, target, knownHosts }: OpenSshHost, shared: Lines): string[] {
  const { proxy } = target;
  const jumps = proxy === undefined ? (target.jump ?? []).map(parseJump) : [];
  const common: Lines = [
    ["UserKnownHostsFile", expandable(knownHosts)],
    ["StrictHostKeyChecking", "yes"],
    ["CheckHostIP", "no"],
    ["ServerAliveInterval", "15"],
    ["LogLevel", "ERROR"],
  ];
  const before = (index: number): Lines => (index === 0 ? [] : [["ProxyJump", jumpName(name, index)]]);
  const key = target.keyPath === undefined ? undefined : expandable(target.keyPath);
  const jumpBlocks = jumps.map((jump, index) =>
    block(jumpName(name, index + 1), [
      ...addressOf(jump),
      ...(key === undefined ? [] : [key, ...defaultKeys].map((file) => ["IdentityFile", file] as const)),
      ...common,
      ...before(index),
    ]),
  );
  const machineBlock = block(name, [
    ...addressOf(target),
    ...(key === undefined
      ? []
      : ([
          ["IdentityFile", key],
          ["IdentitiesOnly", "yes"],
        ] as const)),
    ["HostKeyAlias", name],
    ...common,
    ...shared,
    ...before(jumps.length),
    ...(proxy === undefined
      ? []
      : ([["ProxyCommand", proxy.map((word) => expandable(quote(word))).join(" ")]] as const)),
  ]);
  return [...jumpBlocks, machineBlock];
}

type Lines = readonly (readonly [keyword: string, value: string])[];

/** Naming one key file turns ssh's defaults off; a jump host may want one of those. Missing ones do no harm. */
const defaultKeys = defaultKeyNames.map((name) => `~/.ssh/${name}`);

/** An underscore: no machine has such a name. */
function jumpName(machine: string, position: number): string {
  return `${machine}_jump_${String(position)}`;
}

function addressOf({ host, port, user }: { host: string; port: number; user?: string }): Lines {
  return [
    ["HostName", expandable(host.replace(/^\[(.*)\]$/, "$1"))],
    ["Port", String(port)],
    ...(user === undefined ? [] : ([["User", user]] as const)),
  ];
}

function block(name: string, lines: Lines): string {
  const text = lines.map(
    ([keyword, value]) => `  ${keyword} ${keyword === "ProxyCommand" ? line(value) : argument(value)}`,
  );
  return [`Host ${argument(name)}`, ...text, ""].join("\n");
}

/** In these values ssh expands `%h` and the like (ssh_config(5), TOKENS). */
function expandable(value: string): string {
  return value.replaceAll("%", "%%");
}

/** Values with other than plain signs stand in double quotes, where a backslash takes the meaning off the next sign. */
function argument(value: string): string {
  if (/^[\w./:@%+,~-]+$/.test(value)) return value;
  return `"${line(value).replace(/["\\]/g, "\\$&")}"`;
}

function line(value: string): string {
  if (!/[\r\n\0]/.test(value)) return value;
  throw new MachineError("usage", `cannot be written into an ssh configuration: ${JSON.stringify(value)}`);
}
