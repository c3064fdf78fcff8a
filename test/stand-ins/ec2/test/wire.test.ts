import { expect, test } from "vitest";
import { actionNamed } from "../model.js";
import { readParameters } from "../parameters.js";
import { testAccount } from "../stand.js";
import { clientOf, errorOf, launch, stands } from "./stand.js";

const fresh = stands();

test("requests that are not signed by a known key, for EC2 and a region of it, are refused", async () => {
  const { stand } = await fresh();
  const { accessKeyId, secretAccessKey } = testAccount;
  const describe = (config: Parameters<typeof clientOf>[1]) => errorOf(clientOf(stand, config).describeVpcs({}));
  expect(await describe({})).toBe("");
  expect(await describe({ credentials: { accessKeyId: "AKIAOTHER", secretAccessKey } })).toBe("AuthFailure 401");
  expect(await describe({ credentials: { accessKeyId, secretAccessKey: "wrong" } })).toBe("SignatureDoesNotMatch 403");
  expect(await describe({ credentials: { accessKeyId, secretAccessKey, sessionToken: "none" } })).toBe(
    "AuthFailure 401",
  );
  expect(await describe({ region: "moon-west-1" })).toBe("AuthFailure 401");
  // The SDK would mend its clock and try again.
  expect(await describe({ systemClockOffset: 3_600_000 })).toBe("RequestExpired 400");
  const unsigned = await fetch(stand.url, { method: "POST", body: "Action=DescribeVpcs&Version=2016-11-15" });
  expect(unsigned.status).toBe(403);
  expect(await unsigned.text()).toMatch(
    /^<\?xml [^>]*>\n<Response><Errors><Error><Code>MissingAuthenticationToken<\/Code><Message>[^<]*<\/Message><\/Error><\/Errors><RequestID>[-0-9a-f]{36}<\/RequestID><\/Response>$/,
  );
  expect(stand.calls.map(({ action }) => action)).toEqual(["DescribeVpcs"]);
});

test("a temporary key needs its session token", async () => {
  const account = { ...testAccount, sessionToken: "token//+=" };
  const { stand } = await fresh({ accounts: [account] });
  const { accessKeyId, secretAccessKey } = account;
  expect(await errorOf(clientOf(stand, { credentials: account }).describeVpcs({}))).toBe("");
  const bare = clientOf(stand, { credentials: { accessKeyId, secretAccessKey } });
  expect(await errorOf(bare.describeVpcs({}))).toBe("AuthFailure 401");
});

test("accounts and regions see their own things only", async () => {
  const other = { ...testAccount, id: "210987654321", accessKeyId: "AKIAOTHER" };
  const { stand, ec2 } = await fresh({ accounts: [testAccount, other] });
  await ec2.runInstances(launch);
  const count = async (client: typeof ec2) => (await client.describeInstances({})).Reservations?.length;
  expect(await count(ec2)).toBe(1);
  expect(await count(clientOf(stand, { region: "eu-central-1" }))).toBe(0);
  expect(await count(clientOf(stand, { credentials: other }))).toBe(0);
  expect((await clientOf(stand, { credentials: other }).describeVpcs({})).Vpcs?.[0]?.OwnerId).toBe(other.id);
});

test("any text survives the way there and back", async () => {
  const { ec2 } = await fresh();
  const Value = "a b+c&d=e%20<f>\"g\"'h' ä☃ \r\n]]>";
  await ec2.createSecurityGroup({
    GroupName: "g",
    Description: "d",
    TagSpecifications: [{ ResourceType: "security-group", Tags: [{ Key: "täg/<&>", Value }] }],
  });
  const { SecurityGroups } = await ec2.describeSecurityGroups({ GroupNames: ["g"] });
  expect(SecurityGroups?.[0]?.Tags).toEqual([{ Key: "täg/<&>", Value }]);
});

test.each([
  ["ImageID=x", "UnknownParameter", "ImageID"],
  ["BlockDeviceMapping.1.Ebs.Size=8", "UnknownParameter", "BlockDeviceMapping.1.Ebs.Size"],
  ["BlockDeviceMappings.1.DeviceName=x", "UnknownParameter", "BlockDeviceMappings.1.DeviceName"],
  ["SecurityGroupId.x=sg", "UnknownParameter", "SecurityGroupId.x"],
  ["ImageId.1=ami-1", "UnknownParameter", "ImageId.1"],
  ["BlockDeviceMapping.1.Ebs.VolumeSize=big", "InvalidParameterValue", "'big'"],
  ["EbsOptimized=yes", "InvalidParameterValue", "'yes'"],
  ["SecurityGroupId=sg-1", "InvalidParameterValue", "SecurityGroupId"],
  ["MaxCount=", "InvalidParameterValue", "MaxCount"],
])("RunInstances with %s fails by %s", (parameter, code, words) => {
  const form = new Map(new URLSearchParams(`MinCount=1&MaxCount=1&${parameter}`));
  const model = actionNamed("RunInstances");
  if (model === undefined) throw new Error("the SDK's model has changed");
  expect(() => readParameters(form, model.input)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(words) as unknown }) as Error,
  );
});

test("what the model requires must be there, and what EC2 does not offer is no action", async () => {
  const { stand, ec2 } = await fresh();
  expect(await errorOf(ec2.runInstances({ ...launch, MaxCount: undefined }))).toBe("MissingParameter 400");
  expect(await errorOf(ec2.terminateInstances({ InstanceIds: undefined }))).toBe("MissingParameter 400");
  expect(await errorOf(ec2.describeHosts({}))).toBe("InvalidAction 400");
  expect(stand.calls.map(({ action, error }) => `${action} ${error}`)).toEqual([
    "RunInstances MissingParameter",
    "TerminateInstances MissingParameter",
    "DescribeHosts InvalidAction",
  ]);
});

test("lists come in pages of the wanted size, by tokens of this answer only", async () => {
  const { ec2 } = await fresh();
  for (let index = 0; index < 12; index++) await ec2.runInstances(launch);
  const sizes: (number | undefined)[] = [];
  for (let NextToken: string | undefined, more = true; more; more = NextToken !== undefined) {
    const page = await ec2.describeInstances({ MaxResults: 5, ...(NextToken === undefined ? {} : { NextToken }) });
    sizes.push(page.Reservations?.length);
    NextToken = page.NextToken;
  }
  expect(sizes).toEqual([5, 5, 2]);
  expect(await errorOf(ec2.describeInstances({ MaxResults: 2 }))).toBe("InvalidParameterValue 400");
  expect(await errorOf(ec2.describeInstances({ NextToken: "made up" }))).toBe("InvalidNextToken 400");
  const both = { MaxResults: 5, InstanceIds: ["i-00000000000000000"] };
  expect(await errorOf(ec2.describeInstances(both))).not.toBe("");
});

test("filters choose by values with wildcards and by tags, and unknown ones are refused", async () => {
  const { ec2 } = await fresh();
  const tagged = (Value: string) =>
    ec2.runInstances({ ...launch, TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "n", Value }] }] });
  await tagged("web.1");
  await tagged("web-2");
  const count = async (Name: string, ...Values: string[]) => {
    const { Reservations } = await ec2.describeInstances({ Filters: [{ Name, Values }] });
    return Reservations?.length;
  };
  expect(await count("tag:n", "web.1")).toBe(1);
  expect(await count("tag:n", "web*")).toBe(2);
  expect(await count("tag:n", "web.1", "web?2")).toBe(2);
  expect(await count("tag:n", "webx1")).toBe(0);
  expect(await count("tag-key", "n")).toBe(2);
  expect(await count("instance-state-name", "stopped", "terminated")).toBe(0);
  expect(await errorOf(count("instance-state", "running"))).toBe("InvalidParameterValue 400");
});
