import { expect, test } from "vitest";
import { errorOf, launch, run, stands } from "./stand.js";

const fresh = stands();
const ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7dT/vGU6aGfgITK1tdNKJxNGUP+I47+zPUWf53BGs4 me";

test("key pairs are imported once, shown and deleted; deleting what is gone is success", async () => {
  const { ec2 } = await fresh();
  const PublicKeyMaterial = Buffer.from(ed25519);
  const TagSpecifications = [{ ResourceType: "key-pair" as const, Tags: [{ Key: "k", Value: "v" }] }];
  const made = await ec2.importKeyPair({ KeyName: "web", PublicKeyMaterial, TagSpecifications });
  expect(made).toMatchObject({ KeyName: "web", Tags: [{ Key: "k", Value: "v" }] });
  expect(await errorOf(ec2.importKeyPair({ KeyName: "web", PublicKeyMaterial }))).toBe("InvalidKeyPair.Duplicate 400");
  const nonsense = { KeyName: "x", PublicKeyMaterial: Buffer.from("nonsense") };
  expect(await errorOf(ec2.importKeyPair(nonsense))).toBe("InvalidKey.Format 400");
  const { KeyPairs } = await ec2.describeKeyPairs({ KeyNames: ["web"], IncludePublicKey: true });
  expect(KeyPairs).toMatchObject([{ KeyPairId: made.KeyPairId, KeyType: "ed25519", PublicKey: ed25519 }]);
  expect(await errorOf(ec2.describeKeyPairs({ KeyNames: ["db"] }))).toBe("InvalidKeyPair.NotFound 400");
  expect(await ec2.deleteKeyPair({ KeyName: "web" })).toMatchObject({ Return: true, KeyPairId: made.KeyPairId });
  expect(await ec2.deleteKeyPair({ KeyName: "web" })).toMatchObject({ Return: true });
  expect((await ec2.describeKeyPairs({})).KeyPairs).toEqual([]);
});

test("a group is made once per VPC, opened once per rule, and stays while anything uses it", async () => {
  const { stand, ec2 } = await fresh();
  const { GroupId = "" } = await ec2.createSecurityGroup({ GroupName: "g", Description: "d" });
  const again = ec2.createSecurityGroup({ GroupName: "g", Description: "d" });
  expect(await errorOf(again)).toBe("InvalidGroup.Duplicate 400");
  const ssh = { IpProtocol: "tcp", FromPort: 22, ToPort: 22 };
  const open = (IpPermissions: object[]) => ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions });
  await open([
    { ...ssh, IpRanges: [{ CidrIp: "192.0.2.1/32" }], Ipv6Ranges: [{ CidrIpv6: "2001:db8::/64" }] },
    { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] },
  ]);
  const same = { ...ssh, IpRanges: [{ CidrIp: "192.0.2.1/32" }] };
  expect(await errorOf(open([same]))).toBe("InvalidPermission.Duplicate 400");
  await open([{ ...ssh, IpRanges: [{ CidrIp: "192.0.2.2/32", Description: "other" }] }]);
  for (const bad of [
    { ...ssh, IpRanges: [{ CidrIp: "192.0.2.1" }] },
    { IpProtocol: "tcp", IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
  ]) {
    expect(await errorOf(open([bad]))).toBe("InvalidParameterValue 400");
  }
  const { SecurityGroups } = await ec2.describeSecurityGroups({ Filters: [{ Name: "group-name", Values: ["g"] }] });
  expect(SecurityGroups?.[0]?.IpPermissions).toMatchObject([
    { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId, UserId: "123456789012" }] },
    {
      ...ssh,
      IpRanges: [{ CidrIp: "192.0.2.1/32" }, { CidrIp: "192.0.2.2/32", Description: "other" }],
      Ipv6Ranges: [{ CidrIpv6: "2001:db8::/64" }],
    },
  ]);
  const id = await run(stand, ec2, { SecurityGroupIds: [GroupId] });
  expect(await errorOf(ec2.deleteSecurityGroup({ GroupId }))).toBe("DependencyViolation 400");
  await ec2.terminateInstances({ InstanceIds: [id] });
  await stand.settled();
  await ec2.deleteSecurityGroup({ GroupId });
  expect(await errorOf(ec2.deleteSecurityGroup({ GroupId }))).toBe("InvalidGroup.NotFound 400");
});

test("images are found by owner and name, and another owner's may bear the same name", async () => {
  const { ec2 } = await fresh();
  const Filters = [
    { Name: "name", Values: ["ubuntu/images/*-26.04-*"] },
    { Name: "architecture", Values: ["arm64"] },
  ];
  const [ours, all] = await Promise.all([
    ec2.describeImages({ Owners: ["099720109477"], Filters }),
    ec2.describeImages({ Filters }),
  ]);
  expect(ours.Images).toMatchObject([{ OwnerId: "099720109477", RootDeviceName: "/dev/sda1", State: "available" }]);
  expect(all.Images?.map(({ OwnerId }) => OwnerId)).toEqual(["099720109477", "666666666666"]);
  expect(await errorOf(ec2.describeImages({ Owners: ["Canonical"] }))).toBe("InvalidUserID.Malformed 400");
  expect(await errorOf(ec2.describeImages({ ImageIds: ["ami-00000000"] }))).toBe("InvalidAMIID.NotFound 400");
});

test("types tell their architecture and whether they burst", async () => {
  const { ec2 } = await fresh();
  const { InstanceTypes } = await ec2.describeInstanceTypes({ InstanceTypes: ["t4g.small", "m5.large"] });
  expect(InstanceTypes).toMatchObject([
    { BurstablePerformanceSupported: true, ProcessorInfo: { SupportedArchitectures: ["arm64"] } },
    { BurstablePerformanceSupported: false, ProcessorInfo: { SupportedArchitectures: ["x86_64"] } },
  ]);
  const unknown = ec2.describeInstanceTypes({ InstanceTypes: ["t9.huge" as "t3.micro"] });
  expect(await errorOf(unknown)).toBe("InvalidInstanceType 400");
});

test("a region has a default VPC with a subnet in each zone, unless it has none", async () => {
  const { ec2 } = await fresh();
  const { Vpcs = [] } = await ec2.describeVpcs({ Filters: [{ Name: "is-default", Values: ["true"] }] });
  const { Subnets = [] } = await ec2.describeSubnets({ Filters: [{ Name: "vpc-id", Values: [Vpcs[0]?.VpcId ?? ""] }] });
  expect(Subnets.map(({ AvailabilityZone }) => AvailabilityZone)).toEqual(["us-east-1a", "us-east-1b", "us-east-1c"]);
  const attribute = { AttributeNames: ["default-vpc" as const] };
  const { AccountAttributes = [] } = await ec2.describeAccountAttributes(attribute);
  expect(AccountAttributes[0]?.AttributeValues).toEqual([{ AttributeValue: Vpcs[0]?.VpcId }]);

  const bare = (await fresh({ defaultVpc: false })).ec2;
  const none = await bare.describeAccountAttributes(attribute);
  expect(none.AccountAttributes?.[0]?.AttributeValues).toEqual([{ AttributeValue: "none" }]);
  expect(await errorOf(bare.runInstances(launch))).toBe("VPCIdNotSpecified 400");
  expect(await errorOf(bare.createSecurityGroup({ GroupName: "g", Description: "d" }))).toBe("VPCIdNotSpecified 400");
});
