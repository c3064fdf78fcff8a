import { describe, expect, test } from "vitest";
import { launch, runInput } from "../../../drivers/amazonec2/instance/launch.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { scriptedEc2, type Answers, type ScriptedEc2 } from "./scripted-ec2.js";
import { planned } from "./state.js";

const facts = { Ipv6: false, Placement: "", Credits: "", Hibernation: false, TerminateOnShutdown: false, KmsKey: "" };
const ready: Ec2State = {
  ...planned,
  KeyName: "web-1-k",
  SecurityGroupIds: ["sg-1", "sg-2"],
  ClientToken: "token",
  Launch: facts,
  Fallbacks: [
    { InstanceType: "t3.small", SubnetId: "subnet-1", Zone: "a" },
    { InstanceType: "t3.small", SubnetId: "subnet-2", Zone: "b" },
    { InstanceType: "t3a.small", SubnetId: "subnet-1", Zone: "a" },
  ],
};
const ours = { "machine:owner": planned.Owner, "machine:name": "web-1", "machine:id": "0123" };

describe("the parameters of a launch", () => {
  test("are for one tagged instance with IMDSv2 and an encrypted disk that goes with it", () => {
    const Tags = Object.entries({ Name: "web-1", ...ours }).map(([Key, Value]) => ({ Key, Value }));
    const Ebs = { VolumeSize: 20, VolumeType: "gp3", Encrypted: true, DeleteOnTermination: true };
    expect(runInput(ready, "IyE=")).toEqual({
      ClientToken: "token",
      MinCount: 1,
      MaxCount: 1,
      ImageId: "ami-1",
      InstanceType: "t3.small",
      KeyName: "web-1-k",
      UserData: "IyE=",
      BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs }],
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          DeleteOnTermination: true,
          AssociatePublicIpAddress: true,
          SubnetId: "subnet-1",
          Groups: ["sg-1", "sg-2"],
        },
      ],
      MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required" },
      TagSpecifications: ["instance", "volume", "network-interface"].map((ResourceType) => ({ ResourceType, Tags })),
    });
  });

  test("carry all that was asked for", () => {
    const input = runInput({
      ...ready,
      IamInstanceProfile: "arn:aws:iam::123456789012:instance-profile/docker",
      Monitoring: true,
      UseEbsOptimizedInstance: true,
      PrivateIPOnly: true,
      RequestSpotInstance: true,
      SpotPrice: "0.02",
      BlockDurationMinutes: 60,
      Launch: {
        Ipv6: true,
        Placement: "near",
        Credits: "unlimited",
        Hibernation: true,
        TerminateOnShutdown: true,
        KmsKey: "alias/disks",
      },
    });
    expect(input).toMatchObject({
      IamInstanceProfile: { Arn: "arn:aws:iam::123456789012:instance-profile/docker" },
      Monitoring: { Enabled: true },
      EbsOptimized: true,
      NetworkInterfaces: [{ AssociatePublicIpAddress: false, Ipv6AddressCount: 1 }],
      InstanceMarketOptions: { MarketType: "spot", SpotOptions: { MaxPrice: "0.02", BlockDurationMinutes: 60 } },
      Placement: { GroupName: "near" },
      CreditSpecification: { CpuCredits: "unlimited" },
      HibernationOptions: { Configured: true },
      InstanceInitiatedShutdownBehavior: "terminate",
      BlockDeviceMappings: [{ Ebs: { KmsKeyId: "alias/disks" } }],
    });
    expect(input.TagSpecifications?.map(({ ResourceType }) => ResourceType)).toContain("spot-instances-request");
    expect(input).not.toHaveProperty("UserData");
  });

  test("have the user's tags, of which none takes the place of our marks", () => {
    const Tags = "team,a b,Name,theirs,machine:owner,me,odd";
    const [instance] = runInput({ ...ready, Tags }).TagSpecifications ?? [];
    const found = new Map((instance?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    expect(found).toEqual(new Map(Object.entries({ team: "a b", Name: "theirs", ...ours })));
  });

  test("name the zone where no subnet does, and no public address behind SSM", () => {
    const input = runInput({ ...ready, SubnetId: "", Connect: "ssm" });
    expect(input.Placement).toEqual({ AvailabilityZone: "us-east-1a" });
    expect(input.NetworkInterfaces?.[0]).toMatchObject({ AssociatePublicIpAddress: false });
    expect(input.NetworkInterfaces?.[0]).not.toHaveProperty("SubnetId");
  });
});

describe("a launch", () => {
  const instance = {
    InstanceId: "i-1",
    InstanceType: "t3a.small" as const,
    ImageId: "ami-2",
    SubnetId: "subnet-9",
    Placement: { AvailabilityZone: "us-east-1c" },
  };
  const made = { ReservationId: "r-1", OwnerId: "123456789012", Instances: [instance] };

  test("tells what it has got, and whose", async () => {
    expect((await launched({ RunInstances: made })).result).toMatchObject({
      InstanceId: "i-1",
      InstanceType: "t3a.small",
      AMI: "ami-2",
      SubnetId: "subnet-9",
      Zone: "c",
      ReservationId: "r-1",
      Account: "123456789012",
    });
  });

  test("goes through types and zones while there is no room, with a token for each", async () => {
    const full = ["InsufficientInstanceCapacity", "SpotMaxPriceTooLow", made];
    const { ec2, notices } = await launched({ RunInstances: full });
    const tried = ec2
      .inputs("RunInstances")
      .map(({ ClientToken, InstanceType, NetworkInterfaces: nics }) => [
        ClientToken,
        InstanceType,
        nics?.[0]?.SubnetId,
      ]);
    expect(tried).toEqual([
      ["token", "t3.small", "subnet-1"],
      ["token-1", "t3.small", "subnet-2"],
      ["token-2", "t3a.small", "subnet-1"],
    ]);
    expect(notices[0]).toBe("no room for t3.small in us-east-1a (InsufficientInstanceCapacity), trying the next");
  });

  test("repeats the same calls after a crash", async () => {
    const script: Answers = { RunInstances: ["Unsupported", made] };
    const [first, second] = [await launched(script), await launched(script)];
    expect(second.ec2.inputs("RunInstances")).toEqual(first.ec2.inputs("RunInstances"));
  });

  test("takes what an earlier try has launched, and launches nothing", async () => {
    const { ec2, result } = await launched({ DescribeInstances: { Reservations: [made] } });
    expect(result).toMatchObject({ InstanceId: "i-1", Account: "123456789012" });
    expect(ec2.inputs("DescribeInstances")[0]?.Filters).toEqual([{ Name: "tag:machine:id", Values: ["0123"] }]);
    expect(ec2.inputs("RunInstances")).toEqual([]);
  });

  test("fails at once for what no other type or zone would change", async () => {
    const ec2 = scriptedEc2({ DescribeInstances: {}, RunInstances: "UnauthorizedOperation" });
    await expect(launch(ec2, ready, fakeIo())).rejects.toThrow("ec2:RunInstances");
    expect(ec2.inputs("RunInstances")).toHaveLength(1);
  });

  async function launched(answers: Answers): Promise<{ ec2: ScriptedEc2; result: object; notices: string[] }> {
    const ec2 = scriptedEc2({ DescribeInstances: {}, ...answers });
    const io = fakeIo();
    const result = await launch(ec2, ready, io);
    return { ec2, result, notices: io.lines.map(({ line }) => line) };
  }
});
