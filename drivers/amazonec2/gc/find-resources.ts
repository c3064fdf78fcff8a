import type { Filter } from "@aws-sdk/client-ec2";
import { MachineError, type Io, type Resource } from "../../../src/driver/index.js";
import type { Ec2 } from "../api/calls.js";
import { instances, isGone, isIn, tagOf, tags, usersOf } from "../instance/find-instance.js";
import { removeGroup, unlessGone } from "../remove.js";

/**
 * All that is marked as a store's in one region, in the order in which it can be removed: a group, which is the
 * machine's that alone uses it, last. Volumes that go with their instance are left out.
 */
export async function findResources(ec2: Ec2, region: string, owner: string): Promise<Resource[]> {
  const Filters: Filter[] = [{ Name: `tag:${tags.owner}`, Values: [owner] }];
  const found = await Promise.all([
    findInstances(ec2, region, Filters),
    findSpotRequests(ec2, region, Filters),
    findKeyPairs(ec2, region, Filters),
    findVolumes(ec2, region, Filters),
    findGroups(ec2, region, owner, Filters),
  ]);
  return found.flat();
}

async function findInstances(ec2: Ec2, region: string, Filters: Filter[]): Promise<Resource[]> {
  const found = (await instances(ec2, Filters)).filter((one) => !isGone(one));
  return found.map(({ InstanceId: id = "", InstanceType, State, LaunchTime, Tags }) => ({
    kind: "instance",
    id,
    machine: tagOf({ Tags }, tags.name),
    about: [region, InstanceType, State?.Name, since(LaunchTime)].filter(Boolean).join(", "),
    remove: () => unlessGone(ec2.call("TerminateInstances", { InstanceIds: [id] })),
  }));
}

async function findSpotRequests(ec2: Ec2, region: string, Filters: Filter[]): Promise<Resource[]> {
  const { SpotInstanceRequests = [] } = await ec2.call("DescribeSpotInstanceRequests", { Filters });
  const live = SpotInstanceRequests.filter(({ State }) => State === "open" || State === "active");
  return live.map(({ SpotInstanceRequestId: id = "", State, CreateTime, Tags }) => ({
    kind: "spot request",
    id,
    machine: tagOf({ Tags }, tags.name),
    about: [region, State, since(CreateTime)].filter(Boolean).join(", "),
    remove: () => unlessGone(ec2.call("CancelSpotInstanceRequests", { SpotInstanceRequestIds: [id] })),
  }));
}

async function findKeyPairs(ec2: Ec2, region: string, Filters: Filter[]): Promise<Resource[]> {
  const { KeyPairs = [] } = await ec2.call("DescribeKeyPairs", { Filters });
  return KeyPairs.map(({ KeyName: id = "", CreateTime, Tags }) => ({
    kind: "key pair",
    id,
    machine: tagOf({ Tags }, tags.name),
    about: [region, since(CreateTime)].filter(Boolean).join(", "),
    remove: () => unlessGone(ec2.call("DeleteKeyPair", { KeyName: id })),
  }));
}

async function findVolumes(ec2: Ec2, region: string, Filters: Filter[]): Promise<Resource[]> {
  const unused = [...Filters, { Name: "status", Values: ["available", "error"] }];
  const { Volumes = [] } = await ec2.call("DescribeVolumes", { Filters: unused });
  return Volumes.map(({ VolumeId: id = "", Size, CreateTime, Tags }) => ({
    kind: "volume",
    id,
    machine: tagOf({ Tags }, tags.name),
    about: [region, `${String(Size ?? 0)} GB`, since(CreateTime)].filter(Boolean).join(", "),
    remove: () => unlessGone(ec2.call("DeleteVolume", { VolumeId: id })),
  }));
}

async function findGroups(ec2: Ec2, region: string, owner: string, Filters: Filter[]): Promise<Resource[]> {
  const { SecurityGroups = [] } = await ec2.call("DescribeSecurityGroups", { Filters });
  if (SecurityGroups.length === 0) return [];
  const ids = SecurityGroups.map(({ GroupId = "" }) => GroupId);
  const users = (await usersOf(ec2, ids, owner)).filter((one) => !isGone(one));
  return SecurityGroups.flatMap(({ GroupId: id = "", GroupName, VpcId }): Resource[] => {
    const its = users.filter((one) => isIn(id, one));
    if (its.some((one) => tagOf(one, tags.owner) !== owner)) return [];
    const names = new Set(its.map((one) => tagOf(one, tags.name)));
    const machine = names.size === 1 ? [...names][0] : undefined;
    return [
      {
        kind: "security group",
        id,
        machine,
        about: [region, GroupName, VpcId].filter(Boolean).join(", "),
        remove: (io) => endGroup(ec2, id, owner, io),
      },
    ];
  });
}

async function endGroup(ec2: Ec2, id: string, owner: string, io: Io): Promise<void> {
  if (await removeGroup(ec2, id, owner, io)) return;
  throw new MachineError("failed", `the security group ${id} is still in use`, { hint: "machine gc, once it is not" });
}

function since(time: Date | undefined): string {
  return time === undefined ? "" : `since ${time.toISOString().slice(0, 10)}`;
}
