import type { Subnet } from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { accountOf } from "../../../drivers/amazonec2/api/account.js";
import { findNetwork, type AskedNetwork } from "../../../drivers/amazonec2/network/subnets.js";
import { scriptedEc2 } from "./scripted-ec2.js";

const asked: AskedNetwork = { region: "eu-west-1", vpc: "", subnets: [], zones: [], ipv6: false, isPublic: true };
const Vpcs = [{ VpcId: "vpc-1" }];

function subnet(SubnetId: string, zone: string, more: Subnet = {}): Subnet {
  return { SubnetId, VpcId: "vpc-1", AvailabilityZone: zone, State: "available", ...more };
}

describe("the subnets", () => {
  test("are one for each zone of the default VPC where nothing is asked for, local zones left out", async () => {
    const Subnets = [
      subnet("subnet-b", "eu-west-1b", { DefaultForAz: true }),
      subnet("subnet-a2", "eu-west-1a", { AvailableIpAddressCount: 4000 }),
      subnet("subnet-a", "eu-west-1a", { DefaultForAz: true }),
      subnet("subnet-local", "eu-west-1-xyz-1a"),
    ];
    const ec2 = scriptedEc2({ DescribeVpcs: { Vpcs }, DescribeSubnets: { Subnets } });
    expect(await findNetwork(ec2, asked)).toEqual({
      vpc: "vpc-1",
      places: [
        { SubnetId: "subnet-a", Zone: "a" },
        { SubnetId: "subnet-b", Zone: "b" },
      ],
    });
    expect(ec2.inputs("DescribeSubnets")).toEqual([{ Filters: [{ Name: "vpc-id", Values: ["vpc-1"] }] }]);
  });

  test("are those of the zones asked for, in that order, of the VPC asked for", async () => {
    const Subnets = [
      subnet("subnet-a", "eu-west-1a"),
      subnet("subnet-b", "eu-west-1b"),
      subnet("subnet-c", "eu-west-1c"),
    ];
    const ec2 = scriptedEc2({ DescribeSubnets: { Subnets } });
    const { places } = await findNetwork(ec2, { ...asked, vpc: "vpc-1", zones: ["c", "eu-west-1a"] });
    expect(places.map(({ SubnetId }) => SubnetId)).toEqual(["subnet-c", "subnet-a"]);
  });

  test("that give a public address are better for an instance that gets one", async () => {
    const Subnets = [
      subnet("subnet-private", "eu-west-1a", { AvailableIpAddressCount: 4000 }),
      subnet("subnet-public", "eu-west-1a", { MapPublicIpOnLaunch: true }),
    ];
    const ec2 = scriptedEc2({ DescribeSubnets: { Subnets } });
    const { places } = await findNetwork(ec2, { ...asked, vpc: "vpc-1" });
    expect(places.map(({ SubnetId }) => SubnetId)).toEqual(["subnet-public"]);
  });

  test.each([
    [true, ["subnet-public", "subnet-private"]],
    [false, ["subnet-private", "subnet-public"]],
  ])("that fit are tried before those of other zones that do not, public: %s", async (isPublic, ids) => {
    const [bad, good] = isPublic ? ["eu-west-1a", "eu-west-1b"] : ["eu-west-1b", "eu-west-1a"];
    const Subnets = [
      subnet("subnet-private", bad, { MapPublicIpOnLaunch: false }),
      subnet("subnet-public", good, { MapPublicIpOnLaunch: true }),
    ];
    const zones = isPublic ? Subnets : Subnets.toReversed();
    const ec2 = scriptedEc2({ DescribeSubnets: { Subnets: zones } });
    const { places } = await findNetwork(ec2, { ...asked, vpc: "vpc-1", isPublic });
    expect(places.map(({ SubnetId }) => SubnetId)).toEqual(ids);
  });

  test("that have IPv6 alone, or no address left, are the last ones", async () => {
    const Subnets = [
      subnet("subnet-native", "eu-west-1a", { MapPublicIpOnLaunch: true, Ipv6Native: true }),
      subnet("subnet-full", "eu-west-1b", { MapPublicIpOnLaunch: true, AvailableIpAddressCount: 0 }),
      subnet("subnet-good", "eu-west-1c"),
    ];
    const ec2 = scriptedEc2({ DescribeSubnets: { Subnets } });
    const { places } = await findNetwork(ec2, { ...asked, vpc: "vpc-1" });
    expect(places[0]?.SubnetId).toBe("subnet-good");
  });

  test("have IPv6 only where the block is theirs still", async () => {
    const gone = [{ Ipv6CidrBlock: "2001:db8::/64", Ipv6CidrBlockState: { State: "disassociated" as const } }];
    const Subnets = [subnet("subnet-1", "eu-west-1a", { Ipv6CidrBlockAssociationSet: gone })];
    const ec2 = scriptedEc2({ DescribeSubnets: { Subnets } });
    const call = findNetwork(ec2, { ...asked, vpc: "vpc-1", ipv6: true });
    await expect(call).rejects.toThrow("none of the subnets has IPv6 addresses");
  });

  test("of a VPC that is of another region are not looked for there", async () => {
    const ec2 = scriptedEc2({ DescribeSubnets: { Subnets: [] }, DescribeVpcs: "InvalidVpcID.NotFound" });
    await expect(findNetwork(ec2, { ...asked, vpc: "vpc-9" })).rejects.toMatchObject({
      message: "VPC vpc-9 not found in this region",
      hint: expect.stringContaining("--amazonec2-region") as string,
    });
  });

  test("may be in zones that are not called after the region", async () => {
    const ec2 = scriptedEc2({ DescribeSubnets: { Subnets: [subnet("subnet-1", "nova")] } });
    expect((await findNetwork(ec2, { ...asked, vpc: "vpc-1" })).places).toEqual([
      { SubnetId: "subnet-1", Zone: "nova" },
    ]);
    expect((await findNetwork(ec2, { ...asked, vpc: "vpc-1", zones: ["nova"] })).places).toHaveLength(1);
  });

  test("named are taken, with their VPC", async () => {
    const Subnets = [subnet("subnet-b", "eu-west-1b"), subnet("subnet-a", "eu-west-1a")];
    const ec2 = scriptedEc2({ DescribeSubnets: { Subnets } });
    const { vpc, places } = await findNetwork(ec2, { ...asked, subnets: ["subnet-a", "subnet-b"] });
    expect(vpc).toBe("vpc-1");
    expect(places.map(({ Zone }) => Zone)).toEqual(["a", "b"]);
  });

  test.each<[string, Partial<AskedNetwork>, Subnet[] | string, RegExp]>([
    [
      "no default VPC",
      {},
      [],
      /^amazonec2 driver requires either the --amazonec2-subnet-id or --amazonec2-vpc-id option or an AWS Account with a default vpc-id$/,
    ],
    [
      "a zone without a subnet",
      { vpc: "vpc-1", zones: ["f"] },
      [subnet("subnet-a", "eu-west-1a")],
      /^unable to find a subnet in the zone: eu-west-1f$/,
    ],
    ["a VPC without subnets", { vpc: "vpc-1" }, [], /^unable to find a subnet in vpc-1$/],
    [
      "an unknown subnet",
      { subnets: ["subnet-x"] },
      "InvalidSubnetID.NotFound",
      /^The desired subnet could not be located in this region$/,
    ],
    [
      "a subnet of another VPC",
      { subnets: ["subnet-a"], vpc: "vpc-2" },
      [subnet("subnet-a", "eu-west-1a")],
      /^SubnetId: subnet-a does not belong to VpcId: vpc-2$/,
    ],
    [
      "a subnet of another zone",
      { subnets: ["subnet-a"], zones: ["b"] },
      [subnet("subnet-a", "eu-west-1a")],
      /^subnet subnet-a is in zone eu-west-1a, not in b$/,
    ],
    [
      "subnets without IPv6",
      { vpc: "vpc-1", ipv6: true },
      [subnet("subnet-a", "eu-west-1a")],
      /^none of the subnets has IPv6 addresses$/,
    ],
  ])("cannot be found with %s", async (_, more, subnets, message) => {
    const DescribeSubnets = typeof subnets === "string" ? subnets : { Subnets: subnets };
    const call = findNetwork(scriptedEc2({ DescribeVpcs: { Vpcs: [] }, DescribeSubnets }), { ...asked, ...more });
    await expect(call).rejects.toMatchObject({ code: "precheck", message: expect.stringMatching(message) as string });
  });
});

test("the account is that of a default group, which no other account can share", async () => {
  const ec2 = scriptedEc2({ DescribeSecurityGroups: { SecurityGroups: [{ OwnerId: "123456789012" }] } });
  expect(await accountOf(ec2)).toBe("123456789012");
  expect(ec2.inputs("DescribeSecurityGroups")).toEqual([{ Filters: [{ Name: "group-name", Values: ["default"] }] }]);
});
