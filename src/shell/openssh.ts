import { MachineError, type SshTarget } from "../driver/index.js";
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
 * @throws MachineError `usage` for a value that cannot stand in such a file (a line break), or a malformed jump host
 */
export function opensshConfig(hosts: readonly OpenSshHost[]): string {
  return hosts.flatMap(blocksOf).join("\n");
}

function blocksOf({ name, target, knownHosts }: OpenSshHost): string[] {
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
    ...before(jumps.length),
    ...(proxy === undefined
      ? []
      : ([["ProxyCommand", proxy.map((word) => expandable(quote(word))).join(" ")]] as const)),
  ]);
  return [...jumpBlocks, machineBlock];
}

type Lines = readonly (readonly [keyword: string, value: string])[];

/** Naming one key file turns ssh's defaults off; a jump host may want one of those. Missing ones do no harm. */
const defaultKeys = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];

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
