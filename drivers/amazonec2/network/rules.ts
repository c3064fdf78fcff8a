import type { IpPermission, SecurityGroup } from "@aws-sdk/client-ec2";
import { MachineError } from "../../../src/driver/index.js";

/** Who may reach which port. */
export interface Rule {
  /** `tcp`, `udp`, a number of IANA's, or `-1` for all. */
  readonly protocol: string;
  /** -1 where the protocol has no ports. */
  readonly from: number;
  readonly to: number;
  /** Addresses (CIDR) or a group's id. */
  readonly source: string;
}

/** A port to open. */
export type Port = Pick<Rule, "protocol" | "from" | "to">;

export function tcp(port: number): Port {
  return { protocol: "tcp", from: port, to: port };
}

/**
 * Reads `8080` and `53/udp`.
 * @throws MachineError `usage`
 */
export function parsePort(text: string): Port {
  const [, number = "", protocol = "tcp"] = /^(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const port = Number(number);
  if (number === "" || port < 1 || port > 65_535) {
    throw new MachineError("usage", `--amazonec2-open-port ${text}: a port is 8080, 8080/tcp or 53/udp`);
  }
  return { protocol, from: port, to: port };
}

/**
 * What the nodes of a swarm need of each other: management, gossip, VXLAN, and ESP where an overlay is encrypted.
 * @see https://docs.docker.com/engine/swarm/swarm-tutorial/#open-protocols-and-ports-between-the-hosts
 */
export const swarmPorts: readonly Port[] = [
  tcp(2377),
  tcp(7946),
  { protocol: "udp", from: 7946, to: 7946 },
  { protocol: "udp", from: 4789, to: 4789 },
  { protocol: "50", from: -1, to: -1 },
];

export function from(sources: readonly string[], ports: readonly Port[]): Rule[] {
  return ports.flatMap((port) => sources.map((source) => ({ ...port, source })));
}

/** The rules that a group has, one for each source. */
export function rulesOf({ IpPermissions = [] }: SecurityGroup): Rule[] {
  return IpPermissions.flatMap((permission) => {
    const { IpProtocol: protocol = "-1", FromPort = -1, ToPort = -1 } = permission;
    return sourcesOf(permission).map((source) => ({ protocol, from: FromPort, to: ToPort, source }));
  });
}

/** Of a protocol without ports EC2 heeds none: {@link Rule}'s -1 may come back as anything. */
const withPorts = new Set(["tcp", "udp"]);

/** True where one of the rules opens the port, for the same source or, of a port alone, for anybody. */
export function isOpen(wanted: Port & Partial<Rule>, rules: readonly Rule[]): boolean {
  return rules.some(
    ({ protocol, from, to, source }) =>
      (wanted.source === undefined || wanted.source === source) &&
      (protocol === "-1" ||
        (protocol === wanted.protocol && (!withPorts.has(protocol) || (from <= wanted.from && wanted.to <= to)))),
  );
}

/** The rule as AuthorizeSecurityGroupIngress takes it. */
export function asPermission({ protocol, from, to, source }: Rule): IpPermission {
  return {
    IpProtocol: protocol,
    FromPort: from,
    ToPort: to,
    ...(source.startsWith("sg-")
      ? { UserIdGroupPairs: [{ GroupId: source }] }
      : source.includes(":")
        ? { Ipv6Ranges: [{ CidrIpv6: source }] }
        : { IpRanges: [{ CidrIp: source }] }),
  };
}

export function portName({ protocol, from }: Port): string {
  return `${String(from)}/${protocol}`;
}

function sourcesOf({
  IpRanges = [],
  Ipv6Ranges = [],
  UserIdGroupPairs = [],
  PrefixListIds = [],
}: IpPermission): string[] {
  return [
    ...IpRanges.map(({ CidrIp }) => CidrIp),
    ...Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6),
    ...UserIdGroupPairs.map(({ GroupId }) => GroupId),
    ...PrefixListIds.map(({ PrefixListId }) => PrefixListId),
  ].filter((source) => source !== undefined);
}
