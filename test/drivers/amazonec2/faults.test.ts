import { describe, expect, test } from "vitest";
import type { Order } from "../../stand-ins/ec2/orders.js";
import { type Ec2Stand, testAccount } from "../../stand-ins/ec2/stand.js";
import { stands } from "../../stand-ins/ec2/test/stand.js";
import { ec2Home, type Ec2Home } from "./home.js";

const fresh = stands();
const create = ["create", "-d", "amazonec2", "--amazonec2-retries", "1"];
/** After the plan's own dry run. */
const launch = { action: "RunInstances", after: 1 } as const;
/** No host stands behind these instances: a create ends when its instance does. */
const dies = "Server.InternalError: Internal error on launch";

async function home(...orders: readonly Order[]): Promise<{ stand: Ec2Stand; ec2: Ec2Home }> {
  const { stand } = await fresh();
  for (const order of orders) stand.order(order);
  return { stand, ec2: await ec2Home(stand) };
}

/** Ends a create behind its launch. */
const refusedOnce: Order = { action: "DescribeInstances", after: 1, error: "UnauthorizedOperation" };

/** What of ours is at EC2. */
async function left(stand: Ec2Stand): Promise<string[]> {
  await stand.settled();
  const { machines, keyPairs, groups } = stand.region("us-east-1");
  return [
    ...machines.filter(({ instance }) => instance.State?.Name !== "terminated").map(({ id }) => id),
    ...keyPairs.map(({ KeyName }) => KeyName),
    ...groups.map(({ GroupName }) => GroupName).filter((name) => name !== "default"),
  ];
}

describe("a create on an EC2 that refuses", () => {
  const always = { times: Number.POSITIVE_INFINITY } as const;

  test.each<[what: string, order: Order, message: RegExp]>([
    ["since it is asked too often", { ...launch, error: "RequestLimitExceeded" }, /hint: EC2 slows the account down/],
    ["by an error of its own", { ...launch, error: "InternalError" }, /InternalError[^]*hint: the fault is Amazon's/],
    ["for a quota", { ...launch, error: "VcpuLimitExceeded" }, /VcpuLimitExceeded[^]*hint: .*Service Quotas/],
    ["by a broken line", { ...launch, drop: "before" }, /EC2 cannot be reached: RunInstances/],
  ])("%s says so and what to do", async (_, order, message) => {
    const { stand, ec2 } = await home({ ...order, ...always });
    const { code, stderr } = await ec2.run(...create, "--keep-on-failure", "web");
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toContain("machine create --resume web");
    expect(stderr).not.toMatch(/^\s+at |This is a bug/m);
    expect(stand.instances()).toEqual([]);
  });

  test.each<[what: string, order: Order, message: RegExp]>([
    [
      "for lack of room everywhere",
      { ...launch, error: "InsufficientInstanceCapacity", ...always },
      /InsufficientInstanceCapacity[^]*hint: name more with commas: --amazonec2-instance-type/,
    ],
    [
      "by ending the instance before it runs",
      { ...launch, pendingMs: 200, dies: "Client.VolumeLimitExceeded: Volume limit exceeded" },
      /its instance has ended: .*Volume limit exceeded[^]*hint: delete volumes/,
    ],
  ])("%s leaves nothing", async (_, order, message) => {
    const { stand, ec2 } = await home(order);
    const { code, stderr } = await ec2.run(...create, "web");
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(message);
    expect(await left(stand)).toEqual([]);
    expect((await ec2.run("ls", "-q")).stdout).toBe("");
  });

  test.each([
    ...["DescribeInstanceTypes", "DescribeImages", "DescribeVpcs", "DescribeSubnets", "RunInstances"],
    ...["DescribeSecurityGroups", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "ImportKeyPair"],
    ...["DescribeInstances"],
  ])("%s names the permission that is missing, and launches nothing", async (action) => {
    const { stand, ec2 } = await home({ action, error: "UnauthorizedOperation", ...always });
    const { code, stderr } = await ec2.run(...create, "--keep-on-failure", "web");
    expect([1, 3]).toContain(code);
    expect(stderr).toMatch(new RegExp(`lack the permission ec2:${action}[^]*hint: allow ec2:${action} `));
    expect(stand.instances()).toEqual([]);
  });
});

describe("a create on an EC2 that is in trouble for a while", () => {
  test.each<[what: string, orders: readonly Order[]]>([
    [
      "throttles",
      [
        { action: "*", error: "RequestLimitExceeded" },
        { ...launch, error: "RequestLimitExceeded" },
      ],
    ],
    [
      "has errors of its own",
      [
        { action: "DescribeSubnets", error: "InternalError" },
        { ...launch, error: "Unavailable" },
      ],
    ],
    ["loses the answer to the launch", [{ ...launch, drop: "after", dies }]],
    ["loses the answer to the import of the key", [{ action: "ImportKeyPair", drop: "after" }]],
    ["loses the answer to the making of the group", [{ action: "CreateSecurityGroup", drop: "after" }]],
    ["loses the answer to the opening of the group", [{ action: "AuthorizeSecurityGroupIngress", drop: "after" }]],
    ["does not show yet what it has launched", [{ action: "DescribeInstances", blind: true, times: 3 }]],
  ])("%s goes on, and makes one instance", async (_, orders) => {
    const { stand, ec2 } = await home(...orders, { ...launch, dies, times: 3 });
    const { stderr } = await ec2.run("create", "-d", "amazonec2", "--keep-on-failure", "web");
    expect(stderr).toContain("its instance has ended: ");
    expect(stand.instances()).toHaveLength(1);
    expect(await ec2.run("rm", "-y", "web")).toMatchObject({ code: 0 });
    expect(await left(stand)).toEqual([]);
  });

  test("takes the next type where one has no room", async () => {
    const where = { InstanceType: "t3.small" };
    const { stand, ec2 } = await home(
      { ...launch, where, after: 0, times: Number.POSITIVE_INFINITY, error: "InsufficientInstanceCapacity" },
      { ...launch, where: { InstanceType: "t3a.small" }, after: 0, dies },
    );
    const types = ["--amazonec2-instance-type", "t3.small,t3a.small"];
    const { stderr } = await ec2.run(...create, ...types, "--keep-on-failure", "web");
    expect(stderr).toMatch(/no room for t3\.small .*trying the next/);
    expect(stand.instances().map(({ instance }) => instance.InstanceType)).toEqual(["t3a.small"]);
  });
});

describe("removing an instance", () => {
  async function made(): Promise<{ stand: Ec2Stand; ec2: Ec2Home }> {
    const both = await home(refusedOnce);
    await both.ec2.run(...create, "--keep-on-failure", "web");
    await both.stand.settled();
    expect(both.stand.instances()).toHaveLength(1);
    return both;
  }

  test.each<[what: string, order: Order]>([
    ["whose answer is lost", { action: "TerminateInstances", drop: "after" }],
    ["that is throttled", { action: "TerminateInstances", error: "RequestLimitExceeded" }],
    ["that EC2 does not know at first", { action: "TerminateInstances", blind: true }],
    ["whose group is still in use", { action: "DeleteSecurityGroup", error: "DependencyViolation" }],
  ])("%s succeeds, and leaves nothing", async (_, order) => {
    const { stand, ec2 } = await made();
    stand.order(order);
    const removed = await ec2.run("rm", "-y", "web");
    expect(removed, removed.stderr).toMatchObject({ code: 0 });
    expect(await left(stand)).toEqual([]);
  });

  test("that is not permitted keeps the machine, so that nothing is orphaned", async () => {
    const { stand, ec2 } = await made();
    stand.order({ action: "TerminateInstances", error: "UnauthorizedOperation" });
    const refused = await ec2.run("rm", "-y", "web");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("lack the permission ec2:TerminateInstances");
    expect((await ec2.run("ls", "-q")).stdout).toBe("web\n");
    expect(await ec2.run("rm", "-y", "web")).toMatchObject({ code: 0 });
    expect(await left(stand)).toEqual([]);
  });
});

test("credentials that run out in the middle keep the machine, and a resume with new ones launches nothing twice", async () => {
  const { stand, ec2 } = await home({ ...launch, dies, pendingMs: 300 });
  stand.order({ action: "DescribeInstances", after: 1, error: "ExpiredToken", times: Number.POSITIVE_INFINITY });
  stand.order({ action: "TerminateInstances", error: "ExpiredToken", times: Number.POSITIVE_INFINITY });
  const failed = await ec2.run(...create, "web");
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/the AWS credentials have expired[^]*machine create --resume web/);
  expect((await ec2.run("ls", "-q")).stdout).toBe("web\n");
  expect(stand.instances()).toHaveLength(1);
});

test("credentials of another account are refused by every command that would change something", async () => {
  const other = { id: "210987654321", accessKeyId: "AKIAOTHEROTHEROTHER0", secretAccessKey: "other".repeat(8) };
  const { stand } = await fresh({ accounts: [testAccount, other] });
  const ec2 = await ec2Home(stand);
  stand.order(refusedOnce);
  await ec2.run(...create, "--keep-on-failure", "web");
  await stand.settled();
  const env = {
    AWS_ACCESS_KEY_ID: other.accessKeyId,
    AWS_SECRET_ACCESS_KEY: other.secretAccessKey,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ENDPOINT: stand.url,
  };
  for (const command of ["stop", "start", "restart", "kill", "rm"]) {
    const refused = await ec2.machine([command, ...(command === "rm" ? ["-y"] : []), "web"], { env });
    expect(refused.code, command).toBe(1);
    expect(refused.stderr).toMatch(/is of the AWS account 123456789012, the credentials are of another one/);
  }
  expect(stand.instances().map(({ instance }) => instance.State?.Name)).toEqual(["running"]);
});
