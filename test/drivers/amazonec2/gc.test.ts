import { expect, test } from "vitest";
import { stands, clientOf, launch } from "../../stand-ins/ec2/test/stand.js";
import type { Ec2Stand } from "../../stand-ins/ec2/stand.js";
import { ec2Home, type Ec2Home } from "./home.js";

const fresh = stands();

/** Two regions with an orphan of the store in each: an instance of a machine that is not in it. */
async function orphans(): Promise<{ stand: Ec2Stand; home: Ec2Home; ids: readonly string[] }> {
  const { stand } = await fresh({ regions: ["us-east-1", "eu-central-1"] });
  const home = await ec2Home(stand);
  await home.run("gc", "-d", "amazonec2");
  const owner = (await home.run("create", "-d", "amazonec2", "--dry-run", "web")).stdout;
  const { Driver } = JSON.parse(owner) as { Driver: { Owner: string } };
  const Tags = Object.entries({ "machine:owner": Driver.Owner, "machine:name": "gone" });
  const marks = { ResourceType: "instance" as const, Tags: Tags.map(([Key, Value]) => ({ Key, Value })) };
  const ids: string[] = [];
  for (const region of ["us-east-1", "eu-central-1"]) {
    const ec2 = clientOf(stand, { region });
    const { Instances = [] } = await ec2.runInstances({ ...launch, TagSpecifications: [marks] });
    ids.push(Instances[0]?.InstanceId ?? "");
  }
  await stand.settled();
  return { stand, home, ids };
}

test("machine gc looks into every region that the account has enabled, also where the variable names one", async () => {
  const { stand, home, ids } = await orphans();
  const listed = await home.run("gc", "-d", "amazonec2");
  expect(listed.stdout).toMatch(RegExp(`^instance +${ids[0] ?? ""} +gone +us-east-1, t3.small`, "m"));
  expect(listed.stdout).toMatch(RegExp(`^instance +${ids[1] ?? ""} +gone +eu-central-1, t3.small`, "m"));
  const removed = await home.run("gc", "-d", "amazonec2", "--yes");
  expect(removed.stdout.split("\n").sort()).toEqual(["", ...ids.map((id) => `Removed instance ${id}`)].sort());
  await stand.settled();
  expect(stand.instances().map(({ instance }) => instance.State?.Name)).toEqual(["terminated", "terminated"]);
});

test("machine gc looks into the one region that the flag names", async () => {
  const { stand, home, ids } = await orphans();
  const before = stand.calls.length;
  const { stdout } = await home.run("gc", "-d", "amazonec2", "--amazonec2-region", "eu-central-1");
  expect(stdout).toContain(ids[1]);
  expect(stdout).not.toContain(ids[0]);
  expect(new Set(stand.calls.slice(before).map(({ region }) => region))).toEqual(new Set(["eu-central-1"]));
});

test("machine gc tells of regions that refuse, and lists what the others have", async () => {
  const { stand, home, ids } = await orphans();
  stand.order({ action: "*", region: "eu-central-1", error: "UnauthorizedOperation", times: Infinity });
  const { code, stdout, stderr } = await home.run("gc", "-d", "amazonec2");
  expect(code).toBe(0);
  expect(stdout).toContain(ids[0]);
  expect(stderr).toMatch(/not looked into: eu-central-1: the AWS credentials lack the permission ec2:Describe/);
});

test("machine gc looks into one region where the regions may not be asked for, and says so", async () => {
  const { stand, home, ids } = await orphans();
  stand.order({ action: "DescribeRegions", error: "UnauthorizedOperation" });
  const { stdout, stderr } = await home.run("gc", "-d", "amazonec2");
  expect(stdout).toContain(ids[0]);
  expect(stdout).not.toContain(ids[1]);
  expect(stderr).toMatch(/only us-east-1 is looked into: .*ec2:DescribeRegions/);
});

test("machine gc fails where every region refuses", async () => {
  const { stand, home } = await orphans();
  stand.order({ action: "*", error: "UnauthorizedOperation", times: Infinity });
  expect(await home.run("gc", "-d", "amazonec2")).toMatchObject({ code: 1, stdout: "" });
});
