import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import type { Ec2Settings } from "../../../drivers/amazonec2/api/client.js";
import { options } from "../../../drivers/amazonec2/options.js";
import { planEc2, planLaunch } from "../../../drivers/amazonec2/plan.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { resolve, type Given, type MachinePlan, type Values } from "../../../src/driver/index.js";
import { scriptedEc2, type Answers, type ScriptedEc2 } from "./scripted-ec2.js";
import { planned } from "./state.js";
import { closeEndpoints, endpoint, refused } from "./xml-endpoint.js";

const dir = await mkdtemp(join(tmpdir(), "machine-plan-"));
afterAll(() => rm(dir, { recursive: true }));
afterEach(async () => {
  vi.unstubAllEnvs();
  await closeEndpoints();
});

const { IPAddress, MachineName, SSHUser, SSHPort, SSHKeyPath, StorePath, SwarmMaster, SwarmHost, SwarmDiscovery } =
  planned;
const common = {
  IPAddress,
  MachineName,
  SSHUser,
  SSHPort,
  SSHKeyPath,
  StorePath,
  SwarmMaster,
  SwarmHost,
  SwarmDiscovery,
};

function given(some: Given = {}): Values<typeof options> {
  return resolve(options, [some], "amazonec2");
}

function plan(order: string[] = []): MachinePlan {
  const owner = (): Promise<string> => {
    order.push("owner");
    return Promise.resolve("the-owner");
  };
  return { name: "web-1", dir, storeId: owner, common };
}

const settings: Ec2Settings = {
  Region: "us-east-1",
  Profile: "lab",
  Endpoint: "",
  DisableSSL: false,
  RetryCount: 5,
  AccessKey: "AKHUSH",
  SecretKey: "SKHUSH",
  SessionToken: "TKHUSH",
};

const image = {
  ImageId: "ami-1",
  RootDeviceName: "/dev/sda1",
  Architecture: "x86_64",
  OwnerId: "099720109477",
  Name: "ubuntu",
} as const;
const x86 = { ProcessorInfo: { SupportedArchitectures: ["x86_64" as const] } };
const willing: Answers = {
  DescribeInstanceTypes: { InstanceTypes: [x86] },
  DescribeImages: { Images: [image] },
  DescribeVpcs: { Vpcs: [{ VpcId: "vpc-1" }] },
  DescribeSubnets: {
    Subnets: ["a", "b"].map((zone) => ({
      SubnetId: `subnet-${zone}`,
      VpcId: "vpc-1",
      AvailabilityZone: `us-east-1${zone}`,
    })),
  },
  DescribeSecurityGroups: { SecurityGroups: [{ OwnerId: "123456789012" }] },
  RunInstances: "DryRunOperation",
};

async function launched(some: Given = {}, answers: Answers = {}): Promise<{ state: Ec2State; ec2: ScriptedEc2 }> {
  const ec2 = scriptedEc2({ ...willing, ...answers });
  const prepared = { given: given(some), settings, files: { privateKey: "", userData: "" } };
  return { state: await planLaunch(ec2, prepared, plan()), ec2 };
}

describe("the plan of a machine on EC2", () => {
  test("has image, network, account and the store's id, and no secret", async () => {
    const { state } = await launched();
    expect(state).toMatchObject({
      AMI: "ami-1",
      DeviceName: "/dev/sda1",
      SSHUser: "ubuntu",
      SSHPort: 22,
      InstanceType: "t3.small",
      VolumeType: "gp3",
      RootSize: 20,
      VpcId: "vpc-1",
      SubnetId: "subnet-a",
      Zone: "a",
      Region: "us-east-1",
      Profile: "lab",
      Account: "123456789012",
      Owner: "the-owner",
    });
    expect(JSON.stringify(state)).not.toContain("HUSH");
  });

  test("falls back through the zones of the first type, then of the next", async () => {
    const { state } = await launched({ instanceType: "t3.small, t3a.small" });
    expect(state.Fallbacks?.map(({ InstanceType, Zone }) => `${InstanceType} ${Zone}`)).toEqual([
      "t3.small a",
      "t3.small b",
      "t3a.small a",
      "t3a.small b",
    ]);
  });

  test("takes an image for ARM where the types are", async () => {
    const arm = { ...image, Architecture: "arm64" as const };
    const { ec2 } = await launched(
      { instanceType: "t4g.small" },
      {
        DescribeInstanceTypes: { InstanceTypes: [{ ProcessorInfo: { SupportedArchitectures: ["arm64"] } }] },
        DescribeImages: { Images: [arm] },
      },
    );
    expect(JSON.stringify(ec2.inputs("DescribeImages"))).toContain("-arm64-server-");
  });

  test("is tried with EC2 by a dry run, before the store's id is asked for", async () => {
    const order: string[] = [];
    const ec2 = scriptedEc2({
      ...willing,
      RunInstances: ({ DryRun }) => {
        order.push(`dry run ${String(DryRun)}`);
        return "DryRunOperation";
      },
    });
    const prepared = { given: given(), settings, files: { privateKey: "", userData: "" } };
    const state = await planLaunch(ec2, prepared, plan(order));
    expect(order).toEqual(["dry run true", "owner"]);
    expect(ec2.inputs("RunInstances")[0]?.ClientToken).not.toBe(state.ClientToken);
  });

  test("leaves a type or zone without room to the launch, where there are others", async () => {
    expect((await launched({}, { RunInstances: "Unsupported" })).state.Owner).toBe("the-owner");
    await expect(launched({ zone: "a" }, { RunInstances: "Unsupported" })).rejects.toMatchObject({ code: "precheck" });
  });

  test("ends what an endpoint that knows no dry run has launched", async () => {
    const { ec2 } = await launched(
      {},
      { RunInstances: { Instances: [{ InstanceId: "i-1" }] }, TerminateInstances: {} },
    );
    expect(ec2.inputs("TerminateInstances")).toEqual([{ InstanceIds: ["i-1"] }]);
  });

  test.each<[string, Given, Answers, RegExp]>([
    ["a permission is missing", {}, { RunInstances: "UnauthorizedOperation" }, /lack the permission ec2:RunInstances$/],
    ["the key pair is not there", {}, { RunInstances: "InvalidKeyPair.NotFound" }, /InvalidKeyPair\.NotFound/],
    ["the type is unknown", {}, { DescribeInstanceTypes: "InvalidInstanceType" }, /InvalidInstanceType/],
    [
      "the types have no architecture in common",
      { instanceType: "t3.small,t4g.small" },
      { DescribeInstanceTypes: { InstanceTypes: [x86, { ProcessorInfo: { SupportedArchitectures: ["arm64"] } }] } },
      /^--amazonec2-instance-type t3.small,t4g.small: no image runs on all of them$/,
    ],
    [
      "the image is for another architecture",
      { ami: "ami-1" },
      { DescribeImages: { Images: [{ ...image, Architecture: "arm64" }] } },
      /^ami-1 is for arm64, t3.small for x86_64$/,
    ],
    ["nothing tells the root device", { ami: "ssm:/ours/golden" }, {}, /^nothing tells the root device/],
  ])("is refused when %s", async (_, some, answers, message) => {
    await expect(launched(some, answers)).rejects.toThrow(message);
  });
});

describe("options that do not fit", () => {
  const env = { AWS_REGION: "us-east-1" };

  test.each<[Given, RegExp]>([
    [{ accessKey: "AK" }, /^amazonec2 driver requires AWS credentials configured with the --amazonec2-access-key/],
    [{ keypairName: "mine" }, /^using --amazonec2-keypair-name also requires --amazonec2-ssh-keypath$/],
    [{ insecureTransport: true }, /^using --amazonec2-insecure-transport also requires --amazonec2-endpoint$/],
    [{ region: "nowhere" }, /^Invalid region specified$/],
    [{ userdata: "/nonexistent" }, /^unable to read --amazonec2-userdata file: \/nonexistent$/],
    [{ sshKeypath: "/nonexistent" }, /^SSH key cannot be read: "\/nonexistent"$/],
    [{ openPort: ["80/icmp"] }, /^--amazonec2-open-port 80\/icmp: /],
    [{ openPort: ["70000"] }, /^--amazonec2-open-port 70000: /],
    [{ ingressCidr: ["192.0.2.7"] }, /^--amazonec2-ingress-cidr 192.0.2.7: /],
    [{ ingressCidr: ["192.0.2.0/33"] }, /^--amazonec2-ingress-cidr 192.0.2.0\/33: /],
    [{ blockDurationMinutes: 90 }, /^--amazonec2-block-duration-minutes must be /],
    [{ requestSpotInstance: true, spotPrice: "cheap" }, /^--amazonec2-spot-price cheap: /],
    [{ instanceType: " , " }, /^--amazonec2-instance-type names no type$/],
    [{ connect: "ssm" }, /^--amazonec2-connect ssm needs the program aws/],
  ])("are refused before EC2 is asked: %j", async (some, message) => {
    await expect(planEc2(given(some), plan(), fakeIo({}, env))).rejects.toThrow(message);
  });

  test("a private key without its public half is refused, since EC2 needs that", async () => {
    await writeFile(join(dir, "key"), "a key");
    const call = planEc2(given({ sshKeypath: join(dir, "key") }), plan(), fakeIo({}, env));
    await expect(call).rejects.toMatchObject({ hint: expect.stringContaining("ssh-keygen -y") as string });
  });

  test("odd tags are said to be odd", async () => {
    const io = fakeIo({}, env);
    const some = {
      accessKey: "AK",
      secretKey: "SK",
      tags: "a,b,c",
      endpoint: "http://127.0.0.1:1",
      retries: -1,
      saveCredentials: false,
    };
    await expect(planEc2(given(some), plan(), io)).rejects.toMatchObject({ code: "unreachable" });
    expect(io.lines.map(({ line }) => line)).toEqual(["Tags are not key value in pairs. 3 elements found"]);
  });
});

describe("who asks EC2, and where", () => {
  /** Access key and region of the plan's first call. */
  async function asker(some: Given, env: Record<string, string>, variable = "AWS_ENDPOINT_URL"): Promise<string> {
    const { host, asked } = await endpoint([403, refused("UnauthorizedOperation", "no")]);
    const io = fakeIo({}, { ...env, [variable]: `http://${host}` });
    await expect(planEc2(given(some), plan(), io)).rejects.toThrow("ec2:DescribeInstanceTypes");
    const [, key = "", region = ""] =
      /Credential=(\w+)\/\d+\/([\w-]+)\//.exec(asked[0]?.headers.authorization ?? "") ?? [];
    return `${key} ${region}`;
  }

  const keys = { AWS_ACCESS_KEY_ID: "AKENV", AWS_SECRET_ACCESS_KEY: "hush" };
  const typed = { accessKey: "AKTYPED", secretKey: "hush" };

  test.each<[Given, Record<string, string>, string]>([
    [{}, { ...keys, AWS_REGION: "eu-env-1" }, "AKENV eu-env-1"],
    [{ region: "eu-typed-1" }, { ...keys, AWS_REGION: "eu-env-1" }, "AKENV eu-typed-1"],
    [{ ...typed, region: "eu-typed-1" }, keys, "AKTYPED eu-typed-1"],
    [{ ...typed, region: "eu-typed-1" }, { AWS_PROFILE: "lab" }, "AKTYPED eu-typed-1"],
    [{ ...typed, profile: "lab" }, keys, "AKLAB eu-lab-1"],
    [{}, { AWS_PROFILE: "lab" }, "AKLAB eu-lab-1"],
  ])("with %j in an environment of %j: %s", async (some, env, expected) => {
    await writeFile(join(dir, "credentials"), "[lab]\naws_access_key_id = AKLAB\naws_secret_access_key = hush\n");
    await writeFile(join(dir, "config"), "[profile lab]\nregion = eu-lab-1\n");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(dir, "credentials"));
    vi.stubEnv("AWS_CONFIG_FILE", join(dir, "config"));
    vi.stubEnv("AWS_REGION", undefined);
    expect(await asker(some, env)).toBe(expected);
  });

  test("is where the environment says for EC2 alone", async () => {
    expect(await asker({ region: "eu-typed-1" }, keys, "AWS_ENDPOINT_URL_EC2")).toBe("AKENV eu-typed-1");
  });
});

describe("a region that a person answers", () => {
  const env = { AWS_ACCESS_KEY_ID: "AK", AWS_SECRET_ACCESS_KEY: "hush" };

  test("is accepted where EC2 lets the credentials in", async () => {
    const groups = '<DescribeSecurityGroupsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"/>';
    const { host, asked } = await endpoint([200, groups]);
    const io = fakeIo({}, { ...env, AWS_ENDPOINT_URL: `http://${host}` });
    await options.region.check?.("eu-west-1", given(), io);
    expect(asked[0]?.headers.authorization).toContain("/eu-west-1/");
  });

  test("is refused at once where they are wrong, or it is none", async () => {
    const { host } = await endpoint([401, refused("AuthFailure", "AWS was not able to validate the credentials")]);
    const io = fakeIo({}, { ...env, AWS_ENDPOINT_URL: `http://${host}` });
    await expect(options.region.check?.("eu-west-1", given(), io)).rejects.toMatchObject({ code: "precheck" });
    await expect(options.region.check?.("europe", given(), fakeIo({}, env))).rejects.toThrow(
      "Invalid region specified",
    );
  });
});
