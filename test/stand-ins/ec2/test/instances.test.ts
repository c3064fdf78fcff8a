import type { EC2, RunInstancesCommandInput } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { fakeLauncher } from "../launcher.js";
import type { Ec2Stand } from "../stand.js";
import { errorOf, instanceOf, launch, run, stands } from "./stand.js";

const fresh = stands();

test("an instance is pending, then runs, stops, starts with another address and ends, and stays to be seen", async () => {
  const { stand, ec2 } = await fresh();
  const { Instances = [], OwnerId } = await ec2.runInstances(launch);
  const id = Instances[0]?.InstanceId ?? "";
  expect(OwnerId).toBe("123456789012");
  expect(Instances[0]?.ImageId).toMatch(/^ami-[0-9a-f]{17}$/);
  expect(Instances[0]?.State).toEqual({ Code: 0, Name: "pending" });
  await stand.settled();
  const first = await instanceOf(ec2, id);
  expect(first?.State).toEqual({ Code: 16, Name: "running" });
  expect([first?.PublicIpAddress, first?.PrivateIpAddress]).toEqual(["203.0.113.1", "172.31.0.1"]);

  const { StoppingInstances } = await ec2.stopInstances({ InstanceIds: [id] });
  expect(StoppingInstances).toMatchObject([
    { InstanceId: id, PreviousState: { Name: "running" }, CurrentState: { Name: "stopping" } },
  ]);
  await stand.settled();
  const stopped = await instanceOf(ec2, id);
  expect([stopped?.State?.Name, stopped?.PublicIpAddress]).toEqual(["stopped", undefined]);

  await ec2.startInstances({ InstanceIds: [id] });
  await stand.settled();
  const second = await instanceOf(ec2, id);
  expect([second?.State?.Name, second?.PublicIpAddress]).toEqual(["running", "203.0.113.2"]);
  await ec2.rebootInstances({ InstanceIds: [id] });

  await ec2.terminateInstances({ InstanceIds: [id] });
  await ec2.terminateInstances({ InstanceIds: [id] });
  await stand.settled();
  expect((await instanceOf(ec2, id))?.State).toEqual({ Code: 48, Name: "terminated" });
  expect((await ec2.describeVolumes({})).Volumes).toEqual([]);
});

test("calls that do not fit an instance's state, or name none, are refused", async () => {
  const { stand, ec2 } = await fresh();
  stand.order({ action: "RunInstances", pendingMs: 50 });
  const { Instances = [] } = await ec2.runInstances(launch);
  const InstanceIds = [Instances[0]?.InstanceId ?? ""];
  expect(await errorOf(ec2.stopInstances({ InstanceIds }))).toBe("IncorrectInstanceState 400");
  await stand.settled();
  await ec2.terminateInstances({ InstanceIds });
  await stand.settled();
  for (const call of [
    (InstanceIds: string[]) => ec2.startInstances({ InstanceIds }),
    (InstanceIds: string[]) => ec2.stopInstances({ InstanceIds }),
    (InstanceIds: string[]) => ec2.rebootInstances({ InstanceIds }),
  ]) {
    expect(await errorOf(call(InstanceIds))).toBe("IncorrectInstanceState 400");
    expect(await errorOf(call(["i-nonsense"]))).toBe("InvalidInstanceID.Malformed 400");
    expect(await errorOf(call(["i-00000000"]))).toBe("InvalidInstanceID.NotFound 400");
  }
});

test("the same ClientToken gives the same instance, and with other parameters an error", async () => {
  const { stand, ec2 } = await fresh();
  const id = await run(stand, ec2, { ClientToken: "once" });
  expect(await run(stand, ec2, { ClientToken: "once" })).toBe(id);
  expect(await errorOf(run(stand, ec2, { ClientToken: "once", InstanceType: "t3.micro" }))).toBe(
    "IdempotentParameterMismatch 400",
  );
  expect(await run(stand, ec2, { ClientToken: "twice" })).not.toBe(id);
  expect(stand.instances()).toHaveLength(2);
});

test("the launcher gets the key pair's key, the decoded user data and the image's account", async () => {
  const launcher = fakeLauncher();
  const { stand, ec2 } = await fresh({ launcher });
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7dT/vGU6aGfgITK1tdNKJxNGUP+I47+zPUWf53BGs4 me";
  await ec2.importKeyPair({ KeyName: "k", PublicKeyMaterial: Buffer.from(key) });
  const userData = "#!/bin/sh\necho ä\n";
  const id = await run(stand, ec2, { KeyName: "k", UserData: Buffer.from(userData).toString("base64") });
  expect(launcher.launched).toMatchObject([{ id, user: "admin", userData, publicKey: key }]);
  const { Output = "" } = await ec2.getConsoleOutput({ InstanceId: id, Latest: true });
  expect(Buffer.from(Output, "base64").toString()).toMatch(/^-----BEGIN SSH HOST KEY KEYS-----\r\nssh-ed25519 /m);
});

test("tags are given at birth to instance, volume and spot request, and more later", async () => {
  const { stand, ec2 } = await fresh();
  const Tags = [{ Key: "machine:owner", Value: "me" }];
  const types = ["instance", "volume", "network-interface", "spot-instances-request"] as const;
  const id = await run(stand, ec2, {
    InstanceMarketOptions: { MarketType: "spot" },
    TagSpecifications: types.map((ResourceType) => ({ ResourceType, Tags })),
  });
  await ec2.createTags({ Resources: [id], Tags: [{ Key: "machine:owner", Value: "you" }] });
  expect((await instanceOf(ec2, id))?.Tags).toEqual([{ Key: "machine:owner", Value: "you" }]);
  const Filters = [{ Name: "tag:machine:owner", Values: ["me"] }];
  expect((await ec2.describeVolumes({ Filters })).Volumes).toHaveLength(1);
  const { SpotInstanceRequests = [] } = await ec2.describeSpotInstanceRequests({ Filters });
  expect(SpotInstanceRequests).toMatchObject([{ InstanceId: id, State: "active", Type: "one-time" }]);
  expect(stand.instances()[0]?.interfaces[0]?.Tags).toEqual(Tags);

  expect(await errorOf(ec2.stopInstances({ InstanceIds: [id] }))).toBe("UnsupportedOperation 400");
  const SpotInstanceRequestIds = [SpotInstanceRequests[0]?.SpotInstanceRequestId ?? ""];
  const cancelled = await ec2.cancelSpotInstanceRequests({ SpotInstanceRequestIds });
  expect(cancelled.CancelledSpotInstanceRequests).toMatchObject([{ State: "cancelled" }]);
});

test("a volume that outlives its instance can be deleted only then", async () => {
  const { stand, ec2 } = await fresh();
  const Ebs = { VolumeSize: 20, VolumeType: "gp3", Encrypted: true, DeleteOnTermination: false } as const;
  const id = await run(stand, ec2, { BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs }] });
  const { Volumes = [] } = await ec2.describeVolumes({});
  expect(Volumes).toMatchObject([{ Size: 20, VolumeType: "gp3", Encrypted: true, State: "in-use" }]);
  const VolumeId = Volumes[0]?.VolumeId ?? "";
  expect(await errorOf(ec2.deleteVolume({ VolumeId }))).toBe("VolumeInUse 400");
  await ec2.terminateInstances({ InstanceIds: [id] });
  await stand.settled();
  expect((await ec2.describeVolumes({ VolumeIds: [VolumeId] })).Volumes).toMatchObject([{ State: "available" }]);
  await ec2.deleteVolume({ VolumeId });
  expect(await errorOf(ec2.deleteVolume({ VolumeId }))).toBe("InvalidVolume.NotFound 400");
});

test("an instance that powers itself off stops, or ends when it was launched so", async () => {
  const { stand, ec2 } = await fresh();
  const [stays, goes] = [
    await run(stand, ec2),
    await run(stand, ec2, { InstanceInitiatedShutdownBehavior: "terminate" }),
  ];
  for (const id of [stays, goes]) stand.powerOff(id);
  await stand.settled();
  expect((await instanceOf(ec2, stays))?.State?.Name).toBe("stopped");
  const gone = await instanceOf(ec2, goes);
  expect(gone).toMatchObject({
    State: { Name: "terminated" },
    StateReason: { Code: "Client.InstanceInitiatedShutdown" },
  });
});

test("only instances on Nitro tell their latest console output", async () => {
  const { stand, ec2 } = await fresh();
  const InstanceId = await run(stand, ec2, { InstanceType: "t2.micro" });
  expect(await errorOf(ec2.getConsoleOutput({ InstanceId, Latest: true }))).toBe("UnsupportedOperation 400");
  expect(await errorOf(ec2.getConsoleOutput({ InstanceId }))).toBe("");
});

test("a protected instance is not terminated", async () => {
  const { stand, ec2 } = await fresh();
  const id = await run(stand, ec2, { DisableApiTermination: true });
  expect(await errorOf(ec2.terminateInstances({ InstanceIds: [id] }))).toBe("OperationNotPermitted 400");
});

const spot = (MaxPrice: string): Partial<RunInstancesCommandInput> => ({
  InstanceMarketOptions: { MarketType: "spot", SpotOptions: { MaxPrice } },
});
const disk = (Ebs: object, DeviceName = "/dev/xvda"): Partial<RunInstancesCommandInput> => ({
  BlockDeviceMappings: [{ DeviceName, Ebs }],
});
const tag = (ResourceType: string, Key = "k"): Partial<RunInstancesCommandInput> => ({
  TagSpecifications: [{ ResourceType: ResourceType as "instance", Tags: [{ Key, Value: "v" }] }],
});

test.each<[string, Partial<RunInstancesCommandInput>, string]>([
  ["no image", { ImageId: undefined }, "MissingParameter"],
  ["an id that is none", { ImageId: "ami-x" }, "InvalidAMIID.Malformed"],
  ["an image that is not there", { ImageId: "ami-00000000000000000" }, "InvalidAMIID.NotFound"],
  ["an unknown parameter of SSM", { ImageId: "resolve:ssm:/none" }, "InvalidParameterValue"],
  ["an unknown type", { InstanceType: "t9.huge" as "t3.micro" }, "InvalidParameterValue"],
  ["a type of another architecture", { InstanceType: "t4g.small" }, "InvalidParameterValue"],
  ["a count of none", { MinCount: 0, MaxCount: 0 }, "InvalidParameterValue"],
  ["an unknown key pair", { KeyName: "none" }, "InvalidKeyPair.NotFound"],
  ["an unknown group", { SecurityGroupIds: ["sg-00000000"] }, "InvalidGroup.NotFound"],
  ["an unknown name of a group", { SecurityGroups: ["none"] }, "InvalidGroup.NotFound"],
  ["an unknown subnet", { SubnetId: "subnet-00000000" }, "InvalidSubnetID.NotFound"],
  ["an unknown zone", { Placement: { AvailabilityZone: "us-east-1x" } }, "InvalidParameterValue"],
  ["user data that is no base64", { UserData: "#!/bin/sh" }, "InvalidParameterValue"],
  ["too much user data", { UserData: Buffer.alloc(16_385).toString("base64") }, "InvalidParameterValue"],
  ["an unknown profile", { IamInstanceProfile: { Name: "none" } }, "InvalidParameterValue"],
  [
    "credits for a type without",
    { InstanceType: "m5.large", CreditSpecification: { CpuCredits: "unlimited" } },
    "InvalidParameterCombination",
  ],
  ["unknown credits", { CreditSpecification: { CpuCredits: "some" } }, "InvalidParameterValue"],
  ["EBS optimisation for a type without", { InstanceType: "t2.micro", EbsOptimized: true }, "Unsupported"],
  ["hibernation on a plain disk", { HibernationOptions: { Configured: true } }, "UnsupportedHibernationConfiguration"],
  ["optional tokens misspelt", { MetadataOptions: { HttpTokens: "yes" as "required" } }, "InvalidParameterValue"],
  ["IPv6 where there is none", { Ipv6AddressCount: 1 }, "InvalidParameterValue"],
  ["a low price", spot("0.0001"), "SpotMaxPriceTooLow"],
  ["a price in words", spot("cheap"), "InvalidParameterValue"],
  ["a disk smaller than the image", disk({ VolumeSize: 4 }), "InvalidBlockDeviceMapping"],
  ["a disk of an unknown type", disk({ VolumeType: "gp9" }), "InvalidParameterValue"],
  ["a further disk without a size", disk({ VolumeType: "gp3" }, "/dev/sdf"), "MissingParameter"],
  ["throughput for gp2", disk({ VolumeType: "gp2", Throughput: 200 }), "InvalidParameterCombination"],
  ["a key for a plain disk", disk({ KmsKeyId: "k" }), "InvalidParameterDependency"],
  ["tags for what is not made", tag("vpc"), "InvalidParameterValue"],
  ["tags for no spot request", tag("spot-instances-request"), "InvalidParameterValue"],
  ["a reserved tag", tag("instance", "aws:x"), "InvalidParameterValue"],
])("a launch with %s is refused, and leaves nothing", async (_, more, code) => {
  const { stand, ec2 } = await fresh();
  expect(await errorOf(ec2.runInstances({ ...launch, ...more }))).toBe(`${code} 400`);
  expect([stand.instances(), stand.region("us-east-1").volumes]).toEqual([[], []]);
});

test("groups and subnet of a network interface exclude those of the instance, and must fit each other", async () => {
  const { stand, ec2 } = await fresh();
  const { Subnets = [] } = await ec2.describeSubnets({ Filters: [{ Name: "default-for-az", Values: ["false"] }] });
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ GroupNames: ["default"] });
  const SubnetId = Subnets[0]?.SubnetId ?? "";
  const Groups = [SecurityGroups[0]?.GroupId ?? ""];
  const tried = (more: Partial<RunInstancesCommandInput>) => errorOf(ec2.runInstances({ ...launch, ...more }));
  const card = { DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: true };
  expect(await tried({ NetworkInterfaces: [card], SubnetId })).toBe("InvalidParameterCombination 400");
  expect(await tried({ NetworkInterfaces: [{ ...card, Groups }] })).toBe("InvalidParameter 400");
  expect(await tried({ SubnetId, SecurityGroups: ["default"] })).toBe("InvalidParameterCombination 400");
  expect(await addressOf(stand, ec2, { SubnetId })).toBeUndefined();
  expect(await addressOf(stand, ec2, { NetworkInterfaces: [card] })).toMatch(/^203/);
});

async function addressOf(stand: Ec2Stand, ec2: EC2, more: Partial<RunInstancesCommandInput>) {
  return (await instanceOf(ec2, await run(stand, ec2, more)))?.PublicIpAddress;
}
