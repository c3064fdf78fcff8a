import type { SecurityGroup } from "@aws-sdk/client-ec2";
import { text } from "node:stream/consumers";
import { enginePort, get, MachineError, poll, type Io } from "../../../src/driver/index.js";
import type { Ec2 } from "../api/calls.js";
import { authorities } from "../api/connection.js";
import { codeOf, lacksGroup } from "../api/failure.js";
import {
  asPermission,
  from,
  isOpen,
  parsePort,
  portName,
  rulesOf,
  swarmPorts,
  tcp,
  type Port,
  type Rule,
} from "./rules.js";
import { tags } from "../instance/find-instance.js";
import type { Ec2State } from "../state.js";

const everybody = "0.0.0.0/0";

/** A group, and whether it is ours to fill: made for this store, now or before. */
interface Group extends SecurityGroup {
  readonly GroupId: string;
  readonly isOurs: boolean;
}

/**
 * Sees to it that the machine's groups are there. Ours, one for each store and VPC, opens ssh, the engine (where it has a port) and
 * --amazonec2-open-port, and Swarm's ports inside itself. A group that the user has named is made where there is none;
 * one that is there gets what was asked for in so many words (open ports, ingress CIDRs) and nothing else, and nothing
 * where groups are read-only. Safe to do again.
 * @throws MachineError where a group is missing that may not be made
 */
export async function ensureGroup(ec2: Ec2, state: Readonly<Ec2State>, io: Io): Promise<Partial<Ec2State>> {
  return io.lock(`amazonec2-${state.VpcId}`, async () => {
    const groups: Group[] = [];
    for (const name of groupNames(state))
      groups.push((await find(ec2, state, name)) ?? (await make(ec2, state, name, io)));
    const ours = groups.find(({ isOurs }) => isOurs);
    const cidrs = ours === undefined ? (state.IngressCidrs ?? []) : await ingressOf(state, io);
    const target = ours ?? groups[0];
    if (target !== undefined) await open(ec2, target, missing(state, target, groups, cidrs), io);
    if (ours === undefined) warnOfClosed(state, groups, io);
    return {
      SecurityGroupIds: groups.map(({ GroupId }) => GroupId),
      SecurityGroupNames: groups.map(({ GroupName, GroupId }) => GroupName ?? GroupId),
      IngressCidrs: cidrs,
    };
  });
}

/** Names (or ids, where the user has given these) of the machine's groups, whether or not they are there yet. */
export function groupNames(state: Readonly<Ec2State>): string[] {
  const { SecurityGroupNames: names } = state;
  return names.length > 0 ? [...names] : [ownName(state)];
}

/** The group of this store has a name of its own, so that two stores do not open each other's machines. */
function ownName({ Owner = "" }: Ec2State): string {
  return `machine-${Owner.slice(0, 8)}`;
}

async function find(ec2: Ec2, state: Ec2State, name: string): Promise<Group | undefined> {
  const { SecurityGroups = [] } = await ec2.call("DescribeSecurityGroups", {
    Filters: [
      { Name: "vpc-id", Values: [state.VpcId] },
      { Name: isId(name) ? "group-id" : "group-name", Values: [name] },
    ],
  });
  const [group] = SecurityGroups;
  if (group?.GroupId === undefined) return undefined;
  const isOurs = (group.Tags ?? []).some(({ Key, Value }) => Key === tags.owner && Value === state.Owner);
  return { ...group, GroupId: group.GroupId, isOurs: isOurs || name === ownName(state) };
}

async function make(ec2: Ec2, state: Ec2State, name: string, io: Io): Promise<Group> {
  if (isId(name) || (state.SecurityGroupReadOnly && name !== ownName(state))) {
    throw new MachineError("failed", `${state.VpcId} has no security group ${name}`, {
      hint: "see --amazonec2-security-group and --amazonec2-vpc-id",
    });
  }
  const marks = { Name: name, [tags.owner]: state.Owner ?? "" };
  const Tags = Object.entries(marks).map(([Key, Value]) => ({ Key, Value }));
  try {
    const { GroupId = "" } = await ec2.call("CreateSecurityGroup", {
      GroupName: name,
      Description: "Docker Machine",
      VpcId: state.VpcId,
      TagSpecifications: [{ ResourceType: "security-group", Tags }],
    });
    return { GroupId, GroupName: name, isOurs: true };
  } catch (error) {
    // Another computer was first, or the answer to our own call got lost on its way.
    if (codeOf(error) !== "InvalidGroup.Duplicate") throw error;
    return poll(io, `security group ${name}`, { limit: 30_000 }, () => find(ec2, state, name));
  }
}

/** What is to be opened in `target` so that the groups together open what they should. */
function missing(state: Ec2State, target: Group, groups: readonly Group[], cidrs: readonly string[]): Rule[] {
  if (!target.isOurs && state.SecurityGroupReadOnly) return [];
  const asked = state.OpenPorts.map(parsePort);
  // Nobody named the addresses: then open ports of a group that is not ours are for everybody, as docker-machine has it.
  const wanted =
    !target.isOurs && cidrs.length === 0 ? from([everybody], asked) : from(cidrs, [...ownPorts(state), ...asked]);
  const inside = target.isOurs ? from([target.GroupId], swarmPorts) : [];
  const there = groups.flatMap(rulesOf);
  return [...wanted, ...inside].filter((rule) => !isOpen(rule, there));
}

/** Through SSM nothing comes in. */
function ownPorts({ SSHPort, Connect, HasNoEnginePort }: Ec2State): Port[] {
  if (Connect === "ssm") return [];
  return HasNoEnginePort === true ? [tcp(SSHPort)] : [tcp(SSHPort), tcp(enginePort)];
}

/**
 * One call for all rules. EC2 takes them all or none, so where somebody else has added one of them meanwhile, they are
 * added one by one.
 */
async function open(ec2: Ec2, { GroupId }: Group, rules: readonly Rule[], io: Io): Promise<void> {
  if (rules.length === 0) return;
  const authorize = (some: readonly Rule[]): Promise<string | undefined> =>
    poll(io, `security group ${GroupId}`, { limit: 30_000 }, async () => {
      try {
        await ec2.call("AuthorizeSecurityGroupIngress", { GroupId, IpPermissions: some.map(asPermission) });
        return "done";
      } catch (error) {
        const code = codeOf(error);
        if (code === "InvalidPermission.Duplicate") return code;
        // A new group is not seen everywhere at once.
        if (lacksGroup(error)) return undefined;
        throw error;
      }
    });
  if ((await authorize(rules)) === "done") return;
  for (const rule of rules) await authorize([rule]);
}

/** Who may reach our group: who was named, else this computer's public address, else everybody, with a warning. */
async function ingressOf(state: Ec2State, io: Io): Promise<readonly string[]> {
  const { IngressCidrs = [], Connect, OpenPorts } = state;
  if (IngressCidrs.length > 0 || (Connect === "ssm" && OpenPorts.length === 0)) return IngressCidrs;
  const address = state.Endpoint === "" ? await ownAddress(io) : undefined;
  if (address !== undefined) return [`${address}/32`];
  io.notice("ssh and the engine are open to everybody; --amazonec2-ingress-cidr 192.0.2.7/32 lets in who is named");
  return [everybody];
}

/** The address by which Amazon, whom we ask for the machine anyway, sees this computer; undefined: it does not say. */
async function ownAddress({ env, signal }: Io): Promise<string | undefined> {
  const url = "https://checkip.amazonaws.com/";
  const within = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
  try {
    const answer = await get(
      { url, headers: {}, isPinned: false, silence: 5_000, ...(await authorities(env)) },
      { env, signal: within },
    );
    const shown = (await text(answer.body)).trim();
    return answer.status === 200 && /^(\d{1,3}\.){3}\d{1,3}$/.test(shown) ? shown : undefined;
  } catch {
    return undefined;
  }
}

function warnOfClosed(state: Ec2State, groups: readonly Group[], { notice }: Io): void {
  const there = groups.flatMap(rulesOf);
  const asked = state.OpenPorts.map(parsePort);
  const opened = state.SecurityGroupReadOnly
    ? []
    : [...asked, ...((state.IngressCidrs ?? []).length > 0 ? ownPorts(state) : [])];
  const isNowOpen = (port: Port): boolean =>
    opened.some((one) => portName(one) === portName(port)) || isOpen(port, there);
  const closed = [...ownPorts(state), ...asked].filter((port) => !isNowOpen(port)).map(portName);
  if (closed.length === 0) return;
  const names = groups.map(({ GroupName, GroupId }) => GroupName ?? GroupId).join(", ");
  notice(`${names} does not open ${closed.join(", ")}; --amazonec2-ingress-cidr 192.0.2.0/24 opens what is missing`);
}

function isId(name: string): boolean {
  return /^sg-[0-9a-z]+$/.test(name);
}
