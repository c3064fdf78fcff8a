import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { defaultRegion, openEc2, type Ec2Settings } from "../../../drivers/amazonec2/api/client.js";
import { codeOf } from "../../../drivers/amazonec2/api/failure.js";
import { closeEndpoints, endpoint, refused } from "./xml-endpoint.js";

afterEach(async () => {
  vi.unstubAllEnvs();
  await closeEndpoints();
});

const vpcs = `<?xml version="1.0" encoding="UTF-8"?>
<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId>
<vpcSet><item><vpcId>vpc-1</vpcId><ownerId>123456789012</ownerId><isDefault>true</isDefault></item></vpcSet>
</DescribeVpcsResponse>`;

function settings(host: string, more: Partial<Ec2Settings> = {}): Ec2Settings {
  return {
    Region: "eu-west-9",
    Profile: "",
    Endpoint: `http://${host}`,
    DisableSSL: false,
    RetryCount: 2,
    AccessKey: "",
    SecretKey: "",
    SessionToken: "",
    ...more,
  };
}

const env = { AWS_ACCESS_KEY_ID: "AKENV", AWS_SECRET_ACCESS_KEY: "hush" };
const io = { env, signal: new AbortController().signal };

describe("EC2 at an endpoint", () => {
  test("is asked with the region and the keys of the environment, and its XML is read", async () => {
    const { host, asked } = await endpoint([200, vpcs]);
    const ec2 = await openEc2(settings(host), io);
    const answer = await ec2.call("DescribeVpcs", { Filters: [{ Name: "is-default", Values: ["true"] }] });
    expect(answer.Vpcs).toEqual([{ VpcId: "vpc-1", OwnerId: "123456789012", IsDefault: true }]);
    expect(asked[0]?.headers.authorization).toMatch(/Credential=AKENV\/\d+\/eu-west-9\/ec2\//);
    expect(Object.fromEntries(asked[0]?.form ?? [])).toMatchObject({
      Action: "DescribeVpcs",
      "Filter.1.Name": "is-default",
      "Filter.1.Value.1": "true",
    });
  });

  test("that is a bare host is asked by http where transport is insecure", async () => {
    const { host, asked } = await endpoint([200, vpcs]);
    await (await openEc2(settings(host, { Endpoint: host, DisableSSL: true }), io)).call("DescribeVpcs", {});
    expect(asked).toHaveLength(1);
  });

  test("that is a bare host is asked by https otherwise", async () => {
    const { host } = await endpoint([200, vpcs]);
    const ec2 = await openEc2(settings(host, { Endpoint: host, RetryCount: -1 }), io);
    await expect(ec2.call("DescribeVpcs", {})).rejects.toMatchObject({ code: "unreachable" });
  });

  test("is asked with the keys that docker-machine saved rather than those of the environment", async () => {
    const { host, asked } = await endpoint([200, vpcs]);
    const keys = { AccessKey: "AKSAVED", SecretKey: "hush", SessionToken: "token" };
    await (await openEc2(settings(host, keys), io)).call("DescribeVpcs", {});
    expect(asked[0]?.headers.authorization).toContain("Credential=AKSAVED/");
    expect(asked[0]?.headers["x-amz-security-token"]).toBe("token");
  });

  test("is asked with the keys of the profile rather than those of the environment", async () => {
    const dir = await mkdtemp(join(tmpdir(), "machine-aws-"));
    await writeFile(join(dir, "credentials"), "[lab]\naws_access_key_id = AKLAB\naws_secret_access_key = hush\n");
    await writeFile(join(dir, "config"), "[profile lab]\nregion = eu-lab-1\n");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(dir, "credentials"));
    vi.stubEnv("AWS_CONFIG_FILE", join(dir, "config"));
    vi.stubEnv("AWS_REGION", undefined);
    try {
      const { host, asked } = await endpoint([200, vpcs]);
      await (await openEc2(settings(host, { Profile: "lab" }), io)).call("DescribeVpcs", {});
      expect(asked[0]?.headers.authorization).toContain("Credential=AKLAB/");
      expect(await defaultRegion("lab", { env: {} })).toBe("eu-lab-1");
      expect(await defaultRegion("", { env: {} })).toBe("us-east-1");
      expect(await defaultRegion("lab", { env: { AWS_REGION: "eu-env-1" } })).toBe("eu-env-1");
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe("a call that fails", () => {
  test("for throttling is made again", async () => {
    const throttled = refused("RequestLimitExceeded", "Request limit exceeded.");
    const { host, asked } = await endpoint([503, throttled], [200, vpcs]);
    expect((await (await openEc2(settings(host), io)).call("DescribeVpcs", {})).Vpcs).toHaveLength(1);
    expect(asked).toHaveLength(2);
  });

  test("because the answer was dropped is made again with the same token", async () => {
    const { host, asked } = await endpoint(undefined, [200, "<RunInstancesResponse/>"]);
    const ec2 = await openEc2(settings(host), io);
    await ec2.call("RunInstances", { MinCount: 1, MaxCount: 1, ClientToken: "once" });
    expect(asked.map(({ form }) => form.get("ClientToken"))).toEqual(["once", "once"]);
  });

  test("is made as often as was asked for, then told", async () => {
    const { host, asked } = await endpoint([500, refused("InternalError", "An internal error has occurred")]);
    const ec2 = await openEc2(settings(host, { RetryCount: 1 }), io);
    const error: unknown = await ec2.call("DescribeVpcs", {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^EC2 refuses DescribeVpcs: An internal error/) as string,
    });
    expect(codeOf(error)).toBe("InternalError");
    expect(asked).toHaveLength(2);
  });

  test.each([
    [502, "<html><head><title>502 Bad Gateway</title></head><body><hr></body></html>"],
    [503, "<html><body>Service Unavailable</body></html>"],
    [503, ""],
    [200, "<!doctype html><p>Log in to this network"],
  ])("since something else answers with %s and %j says so", async (status, page) => {
    const { host } = await endpoint([status, page]);
    const error: unknown = await (
      await openEc2(settings(host, { RetryCount: 0 }), io)
    )
      .call("DescribeVpcs", {})
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "unreachable",
      message: `EC2 cannot be reached: DescribeVpcs: what answers is not EC2 (HTTP status ${String(status)})`,
      hint: expect.stringMatching(/--amazonec2-endpoint.*proxy/) as string,
    });
    expect(codeOf(error)).toBeUndefined();
  });

  test("for want of a permission is made once, and names it", async () => {
    const { host, asked } = await endpoint([403, refused("UnauthorizedOperation", "You are not authorized.")]);
    const call = (await openEc2(settings(host), io)).call("DescribeVpcs", {});
    await expect(call).rejects.toThrow("the AWS credentials lack the permission ec2:DescribeVpcs");
    expect(asked).toHaveLength(1);
  });

  test("because it is interrupted says so", async () => {
    const { host } = await endpoint([200, vpcs]);
    const call = (await openEc2(settings(host), { env, signal: AbortSignal.abort() })).call("DescribeVpcs", {});
    await expect(call).rejects.toMatchObject({ code: "interrupted" });
  });

  test("for want of credentials says where they may be", async () => {
    for (const name of ["HOME", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]) vi.stubEnv(name, "/nonexistent");
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    const { host } = await endpoint([200, vpcs]);
    const call = (await openEc2(settings(host), { ...io, env: {} })).call("DescribeVpcs", {});
    await expect(call).rejects.toThrow(/^amazonec2 driver requires AWS credentials configured with/);
  });
});
