import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteKeyPairCommand,
  DeleteSecurityGroupCommand,
  DeleteVolumeCommand,
  DescribeAccountAttributesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  CancelSpotInstanceRequestsCommand,
  EC2Client,
  GetConsoleOutputCommand,
  ImportKeyPairCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterEach, expect, test } from "vitest";
import { fakeLauncher } from "../support/ec2/launcher.js";
import { type Ec2Options, type Ec2Stand, startEc2, testAccount } from "../support/ec2/stand.js";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function start(options: Partial<Ec2Options> = {}): Promise<Ec2Stand> {
  const stand = await startEc2({ launcher: fakeLauncher(), ...options });
  closing.push(stand.close);
  return stand;
}

function clientOf(
  stand: Ec2Stand,
  {
    region = "us-east-1",
    credentials = testAccount as { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
    maxAttempts = 1,
  } = {},
): EC2Client {
  const client = new EC2Client({ endpoint: stand.url, region, credentials, maxAttempts });
  closing.push(() => {
    client.destroy();
    return Promise.resolve();
  });
  return client;
}

async function fresh(options: Partial<Ec2Options> = {}) {
  const stand = await start(options);
  return { stand, ec2: clientOf(stand) };
}

const launch: RunInstancesCommandInput = {
  ImageId: "resolve:ssm:/aws/service/debian/release/13/latest/amd64",
  InstanceType: "t3.small",
  MinCount: 1,
  MaxCount: 1,
};
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7dT/vGU6aGfgITK1tdNKJxNGUP+I47+zPUWf53BGs4 machine";

async function run(stand: Ec2Stand, ec2: EC2Client, more: Partial<RunInstancesCommandInput> = {}): Promise<string> {
  const { Instances = [] } = await ec2.send(new RunInstancesCommand({ ...launch, ...more }));
  await stand.settled();
  return Instances[0]?.InstanceId ?? "";
}

async function instance(ec2: EC2Client, id: string) {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations[0]?.Instances?.[0];
}

test("an instance is pending, then runs with an address, stops, starts with another address and ends", async () => {
  const { stand, ec2 } = await fresh();
  const { Instances = [], OwnerId } = await ec2.send(new RunInstancesCommand(launch));
  const id = Instances[0]?.InstanceId ?? "";
  expect(OwnerId).toBe(testAccount.id);
  expect(Instances[0]).toMatchObject({
    State: { Code: 0, Name: "pending" },
    ImageId: expect.stringMatching(/^ami-[0-9a-f]{17}$/) as unknown,
  });
  await stand.settled();
  const first = await instance(ec2, id);
  expect(first).toMatchObject({
    State: { Code: 16, Name: "running" },
    PublicIpAddress: expect.stringMatching(/^203/) as unknown,
    PrivateIpAddress: expect.stringMatching(/^172/) as unknown,
  });

  const stopping = await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  expect(stopping.StoppingInstances).toMatchObject([
    { PreviousState: { Name: "running" }, CurrentState: { Name: "stopping" } },
  ]);
  await stand.settled();
  expect(await instance(ec2, id)).toMatchObject({ State: { Name: "stopped" } });
  expect(await instance(ec2, id)).not.toHaveProperty("PublicIpAddress");

  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  await stand.settled();
  const second = await instance(ec2, id);
  expect(second?.State?.Name).toBe("running");
  expect(second?.PublicIpAddress).not.toBe(first?.PublicIpAddress);
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));

  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await stand.settled();
  expect(await instance(ec2, id)).toMatchObject({ State: { Code: 48, Name: "terminated" } });
  expect((await ec2.send(new DescribeVolumesCommand({}))).Volumes).toEqual([]);
});
