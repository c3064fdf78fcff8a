import { MachineError } from "../../../src/driver/index.js";
import type { Ec2 } from "./calls.js";
import type { Ec2State } from "../state.js";

/**
 * Tells an instance that is gone from one that these credentials cannot see: an account that has had an instance has
 * security groups of its own.
 * @throws MachineError `failed` where the machine is of another account
 */
export async function checkAccount(ec2: Ec2, name: string, { Account, Region }: Readonly<Ec2State>): Promise<void> {
  if (Account === undefined || Account === "" || !(await isAnotherAccount(ec2))(Account)) return;
  throw new MachineError("failed", `${name} is of the AWS account ${Account}, the credentials are of another one`, {
    hint: `use credentials of ${Account}, e.g. AWS_PROFILE=NAME; if its VPCs in ${Region} are all gone: machine rm -f ${name}`,
  });
}

/**
 * By the groups `default`, one for each VPC, where the account has a VPC: others may be shared with it by their owner.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/security-group-sharing.html
 */
export async function isAnotherAccount(ec2: Ec2): Promise<(account: string) => boolean> {
  const { SecurityGroups = [] } = await ec2.call("DescribeSecurityGroups", { MaxResults: 1000 });
  const defaults = SecurityGroups.filter(({ GroupName }) => GroupName === "default");
  const owners = new Set((defaults.length > 0 ? defaults : SecurityGroups).map(({ OwnerId }) => OwnerId));
  return (account) => !owners.has(account);
}

/**
 * The number of the account that asks, without a permission of STS: each VPC has a group `default`, which cannot be
 * shared with other accounts, as VPCs and subnets can. Empty where the account has no VPC of its own.
 */
export async function accountOf(ec2: Ec2): Promise<string> {
  const { SecurityGroups = [] } = await ec2.call("DescribeSecurityGroups", {
    Filters: [{ Name: "group-name", Values: ["default"] }],
  });
  return SecurityGroups[0]?.OwnerId ?? "";
}
