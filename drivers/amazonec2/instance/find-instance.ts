import type * as sdk from "@aws-sdk/client-ec2";
import type { Io } from "../../../src/driver/index.js";
import type { Ec2 } from "../api/calls.js";
import type { Ec2State } from "../state.js";

/** The tags by which things of ours are known. */
export const tags = { owner: "machine:owner", name: "machine:name", id: "machine:id" };

/** An instance, and the number of the account that has it. */
export type Ec2Instance = sdk.Instance & { readonly Account: string | undefined };

/** All instances that fit, page by page. An id that EC2 does not know is no error in a filter, as it would be as a parameter. */
export async function instances(ec2: Ec2, Filters: sdk.Filter[]): Promise<Ec2Instance[]> {
  const found: Ec2Instance[] = [];
  let NextToken: string | undefined;
  do {
    const page = await ec2.call("DescribeInstances", { Filters, MaxResults: 1000, ...(NextToken && { NextToken }) });
    for (const { Instances = [], OwnerId: Account } of page.Reservations ?? []) {
      found.push(...Instances.map((one) => ({ ...one, Account })));
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

/** The machine's instance, also that of a launch whose answer never came; undefined: EC2 shows none. */
export async function instanceOf(ec2: Ec2, { InstanceId, Id }: Readonly<Ec2State>): Promise<Ec2Instance | undefined> {
  if (InstanceId === "" && Id === "") return undefined;
  const filter = InstanceId === "" ? { Name: `tag:${tags.id}`, Values: [Id] } : idFilter([InstanceId]);
  const found = await instances(ec2, [filter]);
  return found.find((one) => !isGone(one)) ?? found[0];
}

/** At most 200 values: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
export function idFilter(ids: readonly string[]): sdk.Filter {
  return { Name: "instance-id", Values: [...ids] };
}

/**
 * What is in one of the groups. Of the store's own instances it is seen by their network interfaces as well: another EC2
 * may know of no other groups, and delete one that they are in.
 */
export async function usersOf(ec2: Ec2, groups: readonly string[], owner: string): Promise<Ec2Instance[]> {
  const users = await instances(ec2, [{ Name: "instance.group-id", Values: [...groups] }]);
  if (users.length > 0) return users;
  const ours = await instances(ec2, [{ Name: `tag:${tags.owner}`, Values: [owner] }]);
  return ours.filter((one) => groups.some((group) => isIn(group, one)));
}

export function isIn(group: string, { SecurityGroups = [], NetworkInterfaces = [] }: sdk.Instance): boolean {
  const its = [...SecurityGroups, ...NetworkInterfaces.flatMap(({ Groups = [] }) => Groups)];
  return its.some(({ GroupId }) => GroupId === group);
}

/** True for one that is gone for good, although EC2 shows it for another hour. */
export function isGone({ State }: sdk.Instance): boolean {
  return State?.Name === "terminated" || State?.Name === "shutting-down";
}

export function tagOf({ Tags = [] }: { readonly Tags?: sdk.Tag[] | undefined }, key: string): string | undefined {
  return Tags.find(({ Key }) => Key === key)?.Value;
}

/** True while EC2 may not show yet what was just launched. */
export function isFresh({ LaunchedAt }: Readonly<Ec2State>, io: Pick<Io, "now">): boolean {
  return LaunchedAt !== undefined && io.now() - LaunchedAt < 300_000;
}
