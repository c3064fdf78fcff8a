import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { defaultRegion, openEc2, type Ec2Settings } from "../../../drivers/amazonec2/api/client.js";
import { codeOf } from "../../../drivers/amazonec2/api/failure.js";
import { startProxy, startTls } from "../../support/proxy.js";
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

describe("a profile that was named", () => {
  /** Runs with these files of AWS's tools, and a role of this computer that everybody may have. */
  async function withFiles(config: string, credentials = ""): Promise<{ readonly roleAsked: () => number }> {
    const dir = await mkdtemp(join(tmpdir(), "machine-aws-"));
    onTestFinished(() => rm(dir, { recursive: true }));
    await writeFile(join(dir, "config"), config);
    await writeFile(join(dir, "credentials"), credentials);
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(dir, "credentials"));
    vi.stubEnv("AWS_CONFIG_FILE", join(dir, "config"));
    const keys = { AccessKeyId: "AKROLE", SecretAccessKey: "hush", Token: "t", Expiration: "2130-01-01T00:00:00Z" };
    const { host, asked } = await endpoint([200, JSON.stringify(keys)]);
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `http://${host}/role`);
    return { roleAsked: () => asked.length };
  }

  test.each([
    ["is not there", "", /cannot get credentials from AWS profile "lab": .*lab/],
    ["has a process that fails", "[profile lab]\ncredential_process = /bin/false\n", /from AWS profile "lab": .*false/],
    ["has a process that prints no JSON", "[profile lab]\ncredential_process = /bin/echo hello\n", /invalid JSON/],
    [
      "has keys that have expired",
      `[profile lab]\ncredential_process = /bin/echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"2020-01-01T00:00:00Z"}'\n`,
      /expired/,
    ],
  ])("and %s is an error that says why, and nobody else's keys are taken", async (_, config, message) => {
    const { roleAsked } = await withFiles(config);
    const { host, asked } = await endpoint([200, vpcs]);
    const ec2 = await openEc2(settings(host, { Profile: "lab" }), { ...io, env: {} });
    await expect(ec2.call("DescribeVpcs", {})).rejects.toThrow(message);
    expect([roleAsked(), asked.length]).toEqual([0, 0]);
  });

  test("in the environment is no less named", async () => {
    const { roleAsked } = await withFiles("");
    const { host } = await endpoint([200, vpcs]);
    const ec2 = await openEc2(settings(host), { ...io, env: { AWS_PROFILE: "lab" } });
    await expect(ec2.call("DescribeVpcs", {})).rejects.toThrow('cannot get credentials from AWS profile "lab"');
    expect(roleAsked()).toBe(0);
  });
});

describe("EC2 behind a proxy", () => {
  test("is asked by the proxy of the environment, whose name server knows its endpoint", async () => {
    const { host, asked } = await endpoint([200, vpcs]);
    const proxy = await startProxy(Number(host.split(":")[1]));
    const ec2 = await openEc2(settings("ec2.corp.example:80"), { ...io, env: { ...env, HTTP_PROXY: proxy.url } });
    expect((await ec2.call("DescribeVpcs", {})).Vpcs).toHaveLength(1);
    expect(proxy.asked[0]).toMatch(/^POST http:\/\/ec2\.corp\.example/);
    expect(asked).toHaveLength(1);
  });

  test("is asked by TLS with the authorities of AWS_CA_BUNDLE alone", async () => {
    const { port, caFile } = await startTls(["ec2.corp.example"], (_, answer) => answer.end(vpcs));
    const proxy = await startProxy(port);
    const given = settings("", { Endpoint: "https://ec2.corp.example", RetryCount: 0 });
    const trusting = { ...env, HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: caFile };
    expect((await (await openEc2(given, { ...io, env: trusting })).call("DescribeVpcs", {})).Vpcs).toHaveLength(1);
    expect(proxy.asked).toContain("CONNECT ec2.corp.example:443");
    const other = await openEc2(given, { ...io, env: { ...env, HTTPS_PROXY: proxy.url } });
    await expect(other.call("DescribeVpcs", {})).rejects.toMatchObject({ code: "unreachable" });
    const missing = openEc2(given, { ...io, env: { ...trusting, AWS_CA_BUNDLE: "/nowhere" } });
    await expect(missing).rejects.toThrow("AWS_CA_BUNDLE cannot be read");
  });

  test("gets no session token without TLS, unless the user names the endpoint now", async () => {
    const { host, asked } = await endpoint([200, vpcs]);
    const proxy = await startProxy(Number(host.split(":")[1]));
    const Endpoint = "http://ec2.corp.example:80";
    const temporary = { ...env, AWS_SESSION_TOKEN: "token", HTTP_PROXY: proxy.url };
    const ec2 = await openEc2(settings("", { Endpoint }), { ...io, env: temporary });
    await expect(ec2.call("DescribeVpcs", {})).rejects.toThrow(
      "refusing to send temporary AWS credentials to http://ec2.corp.example without TLS",
    );
    expect(asked).toEqual([]);
    const named = await openEc2(settings("", { Endpoint }), { ...io, env: { ...temporary, AWS_ENDPOINT: Endpoint } });
    expect((await named.call("DescribeVpcs", {})).Vpcs).toHaveLength(1);
  });
});
