import { EC2, type EC2ClientConfig, type Instance, type RunInstancesCommandInput } from "@aws-sdk/client-ec2";
import { afterEach } from "vitest";
import { fakeLauncher } from "../launcher.js";
import { type Ec2Options, type Ec2Stand, startEc2, testAccount } from "../stand.js";

/** For one test file: stand-ins that start nothing, with the real SDK's client; closed after each test. */
export function stands() {
  const open: Ec2Stand[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map(({ close }) => close()));
  });
  return async (options: Partial<Ec2Options> = {}) => {
    const stand = await startEc2({ launcher: fakeLauncher(), ...options });
    open.push(stand);
    return { stand, ec2: clientOf(stand) };
  };
}

/** A client that tries once. */
export function clientOf({ url }: Ec2Stand, config: EC2ClientConfig = {}): EC2 {
  return new EC2({ endpoint: url, region: "us-east-1", credentials: { ...testAccount }, maxAttempts: 1, ...config });
}

/** A launch that lacks nothing. */
export const launch: RunInstancesCommandInput = {
  ImageId: "resolve:ssm:/aws/service/debian/release/13/latest/amd64",
  InstanceType: "t3.small",
  MinCount: 1,
  MaxCount: 1,
};

/** Launches one, and waits until it runs (or failed to). */
export async function run(stand: Ec2Stand, ec2: EC2, more: Partial<RunInstancesCommandInput> = {}): Promise<string> {
  const { Instances = [] } = await ec2.runInstances({ ...launch, ...more });
  await stand.settled();
  return Instances[0]?.InstanceId ?? "";
}

/** As DescribeInstances shows it. */
export async function instanceOf(ec2: EC2, id: string): Promise<Instance | undefined> {
  const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: [id] });
  return Reservations[0]?.Instances?.[0];
}

/** "CODE STATUS" of the error that a call ends with; "" when it succeeds. */
export async function errorOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "";
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${name} ${String($metadata?.httpStatusCode ?? "")}`.trim();
  }
}
