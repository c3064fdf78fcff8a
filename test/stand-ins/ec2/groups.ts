import type * as sdk from "@aws-sdk/client-ec2";
import { isIPv4, isIPv6 } from "node:net";
import type { Handler } from "./context.js";
import { failure } from "./failure.js";
import { defaultVpc, vpcOf } from "./network.js";
import { type Group, newId, type Region } from "./region.js";
import { byIds, type Filters, filtered, page } from "./select.js";
import { tagsAtBirth } from "./tags.js";

export const CreateSecurityGroup: Handler<sdk.CreateSecurityGroupRequest, sdk.CreateSecurityGroupResult> = (
  { region },
  input,
) => {
  const { GroupName = "", Description = "" } = input;
  const vpcId = input.VpcId === undefined ? defaultVpc(region)?.VpcId : vpcOf(region, input.VpcId).VpcId;
  if (vpcId === undefined) throw failure("VPCIdNotSpecified", "No default VPC for this user");
  const allowed = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;
  for (const [name, value] of Object.entries({ GroupName, GroupDescription: Description })) {
    if (!allowed.test(value) || (name === "GroupName" && value.startsWith("sg-"))) {
      throw failure("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid. Invalid characters.`);
    }
  }
  const tags = tagsAtBirth(input.TagSpecifications, "security-group");
  if (region.groups.some((group) => group.GroupName === GroupName && group.VpcId === vpcId)) {
    throw failure("InvalidGroup.Duplicate", `The security group '${GroupName}' already exists for VPC '${vpcId}'`);
  }
  return () => {
    const group: Group = {
      GroupId: newId("sg"),
      GroupName,
      Description,
      VpcId: vpcId,
      OwnerId: region.account,
      IpPermissions: [],
      IpPermissionsEgress: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
      Tags: tags,
    };
    region.groups.push(group);
    return { GroupId: group.GroupId, Tags: tags };
  };
};

export const DescribeSecurityGroups: Handler<sdk.DescribeSecurityGroupsRequest, sdk.DescribeSecurityGroupsResult> =
  ({ region }, input) =>
  () => {
    const byId = input.GroupIds?.length ? groupsOf(region, input.GroupIds) : region.groups;
    const missing = input.GroupNames?.find((name) => !inDefaultVpc(region, name));
    if (missing !== undefined) throw noGroup(missing, "in default VPC");
    const named = input.GroupNames?.length ? byId.filter((one) => input.GroupNames?.includes(one.GroupName)) : byId;
    const { items, ...next } = page(filtered(named, input.Filters, filters), input, input.GroupIds);
    return { SecurityGroups: items, ...next };
  };

const filters: Filters<Group> = {
  description: ({ Description }) => [Description],
  "group-id": ({ GroupId }) => [GroupId],
  "group-name": ({ GroupName }) => [GroupName],
  "ip-permission.cidr": ({ IpPermissions = [] }) =>
    IpPermissions.flatMap(({ IpRanges = [] }) => IpRanges.map(({ CidrIp }) => CidrIp)),
  "ip-permission.from-port": ({ IpPermissions = [] }) => IpPermissions.map(({ FromPort }) => FromPort),
  "ip-permission.protocol": ({ IpPermissions = [] }) => IpPermissions.map(({ IpProtocol }) => IpProtocol),
  "ip-permission.to-port": ({ IpPermissions = [] }) => IpPermissions.map(({ ToPort }) => ToPort),
  "owner-id": ({ OwnerId }) => [OwnerId],
  "vpc-id": ({ VpcId }) => [VpcId],
};

export const AuthorizeSecurityGroupIngress: Handler<
  sdk.AuthorizeSecurityGroupIngressRequest,
  sdk.AuthorizeSecurityGroupIngressResult
> = ({ region }, input) => {
  const group = groupToChange(region, input);
  const { IpProtocol, FromPort, ToPort, CidrIp } = input;
  const asked = input.IpPermissions ?? [
    { IpProtocol, FromPort, ToPort, ...(CidrIp === undefined ? {} : { IpRanges: [{ CidrIp }] }) },
  ];
  const more = asked.flatMap((permission) => rulesOf(region, permission));
  if (more.length === 0) throw failure("MissingParameter", "The request must contain a source");
  const present = (group.IpPermissions ?? []).flatMap((permission) => rulesOf(region, permission)).map(ruleName);
  for (const name of more.map(ruleName)) {
    if (present.includes(name)) {
      throw failure("InvalidPermission.Duplicate", `the specified rule "${name}, ALLOW" already exists`);
    }
    present.push(name);
  }
  if (present.length > 60) throw failure("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules is 60");
  const tags = tagsAtBirth(input.TagSpecifications, "security-group-rule");
  return () => {
    group.IpPermissions = more.reduce(withRule, group.IpPermissions ?? []);
    return { Return: true, SecurityGroupRules: more.map((rule) => described(group, rule, tags)) };
  };
};

function groupToChange(region: Region, input: { GroupId?: string | undefined; GroupName?: string | undefined }): Group {
  if (input.GroupId !== undefined) return groupsOf(region, [input.GroupId])[0] as Group;
  if (input.GroupName === undefined) throw failure("MissingParameter", "The request must contain groupId or groupName");
  return groupNamed(region, input.GroupName);
}

/** A permission with one source only. */
type Rule = sdk.IpPermission;

/** @throws Failure InvalidParameterValue, InvalidGroup.NotFound */
function rulesOf(region: Region, permission: sdk.IpPermission): Rule[] {
  const { IpProtocol = "", FromPort, ToPort, IpRanges = [], Ipv6Ranges = [], UserIdGroupPairs = [] } = permission;
  if (!/^(?:tcp|udp|icmp|icmpv6|-1|\d{1,3})$/.test(IpProtocol)) {
    throw failure("InvalidParameterValue", `Invalid value '${IpProtocol}' for IP protocol. Unknown protocol.`);
  }
  const ported = IpProtocol === "tcp" || IpProtocol === "udp";
  if (
    ported &&
    (FromPort === undefined || ToPort === undefined || FromPort < 0 || ToPort > 65535 || FromPort > ToPort)
  ) {
    throw failure("InvalidParameterValue", `Invalid value for portRange. From port and to port must be 0 to 65535.`);
  }
  for (const { CidrIp = "" } of IpRanges) checkCidr(CidrIp, isIPv4, 32);
  for (const { CidrIpv6 = "" } of Ipv6Ranges) checkCidr(CidrIpv6, isIPv6, 128);
  const base = ported ? { IpProtocol, FromPort, ToPort } : { IpProtocol };
  return [
    ...IpRanges.map((range) => ({ ...base, IpRanges: [range] })),
    ...Ipv6Ranges.map((range) => ({ ...base, Ipv6Ranges: [range] })),
    ...UserIdGroupPairs.map((pair) => {
      const source = groupToChange(region, pair);
      return { ...base, UserIdGroupPairs: [{ ...pair, GroupId: source.GroupId, UserId: region.account }] };
    }),
  ];
}

function checkCidr(cidr: string, isAddress: (text: string) => boolean, most: number): void {
  const [, address = "", bits = ""] = /^(.*)\/(\d+)$/.exec(cidr) ?? [];
  if (isAddress(address) && Number(bits) <= most) return;
  throw failure("InvalidParameterValue", `CIDR block ${cidr} is malformed`);
}

function ruleName({ IpProtocol = "", FromPort, ToPort, IpRanges, Ipv6Ranges, UserIdGroupPairs }: Rule): string {
  const peer = IpRanges?.[0]?.CidrIp ?? Ipv6Ranges?.[0]?.CidrIpv6 ?? UserIdGroupPairs?.[0]?.GroupId ?? "";
  const ports = FromPort === undefined ? "" : `, from port: ${String(FromPort)}, to port: ${String(ToPort)}`;
  return `peer: ${peer}, ${IpProtocol === "-1" ? "ALL" : IpProtocol.toUpperCase()}${ports}`;
}

/** EC2 shows the sources of the same ports in one permission. */
function withRule(permissions: readonly sdk.IpPermission[], rule: Rule): sdk.IpPermission[] {
  const same = (one: sdk.IpPermission): boolean =>
    one.IpProtocol === rule.IpProtocol && one.FromPort === rule.FromPort && one.ToPort === rule.ToPort;
  const {
    IpRanges = [],
    Ipv6Ranges = [],
    UserIdGroupPairs = [],
  } = permissions.find(same) ?? { IpRanges: [], Ipv6Ranges: [], UserIdGroupPairs: [] };
  const merged = {
    ...rule,
    IpRanges: [...IpRanges, ...(rule.IpRanges ?? [])],
    Ipv6Ranges: [...Ipv6Ranges, ...(rule.Ipv6Ranges ?? [])],
    UserIdGroupPairs: [...UserIdGroupPairs, ...(rule.UserIdGroupPairs ?? [])],
    PrefixListIds: [],
  };
  return [...permissions.filter((one) => !same(one)), merged];
}

function described(group: Group, rule: Rule, tags: sdk.Tag[]): sdk.SecurityGroupRule {
  const pair = rule.UserIdGroupPairs?.[0];
  return {
    SecurityGroupRuleId: newId("sgr"),
    GroupId: group.GroupId,
    GroupOwnerId: group.OwnerId,
    IsEgress: false,
    IpProtocol: rule.IpProtocol,
    FromPort: rule.FromPort ?? -1,
    ToPort: rule.ToPort ?? -1,
    CidrIpv4: rule.IpRanges?.[0]?.CidrIp,
    CidrIpv6: rule.Ipv6Ranges?.[0]?.CidrIpv6,
    ...(pair === undefined ? {} : { ReferencedGroupInfo: { GroupId: pair.GroupId, UserId: pair.UserId } }),
    Tags: tags,
  };
}

export const DeleteSecurityGroup: Handler<sdk.DeleteSecurityGroupRequest, sdk.DeleteSecurityGroupResult> = (
  { region },
  input,
) => {
  const group = groupToChange(region, input);
  const { GroupId, GroupName } = group;
  if (GroupName === "default") {
    throw failure("CannotDelete", `the specified group: "${GroupId}" name: "default" cannot be deleted by a user`);
  }
  const uses = [
    ...region.machines.flatMap(({ instance }) => instance.SecurityGroups ?? []),
    ...region.groups
      .filter((one) => one !== group)
      .flatMap(({ IpPermissions = [] }) => IpPermissions.flatMap(({ UserIdGroupPairs = [] }) => UserIdGroupPairs)),
  ];
  if (uses.some((use) => use.GroupId === GroupId)) {
    throw failure("DependencyViolation", `resource ${GroupId} has a dependent object`);
  }
  return () => {
    region.groups = region.groups.filter((one) => one !== group);
    return { Return: true, GroupId };
  };
};

export function groupsOf({ groups }: Region, ids: readonly string[]): Group[] {
  return byIds(groups, ids, ({ GroupId }) => GroupId, {
    prefix: "sg",
    what: "security group",
    malformed: "InvalidGroupId.Malformed",
    notFound: "InvalidGroup.NotFound",
  });
}

/** Names work in the default VPC only. */
export function groupNamed(region: Region, name: string): Group {
  const group = inDefaultVpc(region, name);
  if (group === undefined) throw noGroup(name, "in default VPC");
  return group;
}

function inDefaultVpc(region: Region, name: string): Group | undefined {
  const vpc = defaultVpc(region)?.VpcId;
  return region.groups.find((group) => group.GroupName === name && group.VpcId === vpc);
}

function noGroup(name: string, where: string) {
  return failure("InvalidGroup.NotFound", `The security group '${name}' does not exist ${where}`);
}
