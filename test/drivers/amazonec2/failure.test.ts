import { describe, expect, test } from "vitest";
import { codeOf, explain, hintOn, lacksCapacity, lacksGroup } from "../../../drivers/amazonec2/api/failure.js";
import { MachineError } from "../../../src/driver/index.js";
import { refusal } from "./scripted-ec2.js";

describe("a call that EC2 refuses", () => {
  test("for want of a permission names it, and leaves out the encoded message", () => {
    const blob = "You are not authorized. Encoded authorization failure message: abcDEF-secret";
    const error = explain("RunInstances", refusal("UnauthorizedOperation", blob));
    expect(error).toMatchObject({
      code: "failed",
      message: "the AWS credentials lack the permission ec2:RunInstances",
    });
    expect(`${error.hint ?? ""}${JSON.stringify(error)}${String(error.cause)}`).not.toContain("abcDEF");
  });

  test.each(["iam:PassRole", "ec2:CreateTags"])(
    "for want of %s, which another call needs, names that",
    (permission) => {
      const said = `User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ${permission} on resource: x`;
      const error = explain("RunInstances", refusal("UnauthorizedOperation", `You are not authorized. ${said}`));
      expect(error).toMatchObject({
        message: `the AWS credentials lack the permission ${permission}`,
        hint: expect.stringContaining(`allow ${permission} in`) as string,
      });
    },
  );

  test.each([
    ["VcpuLimitExceeded", /Service Quotas/],
    ["InstanceLimitExceeded", /Service Quotas/],
    ["MaxSpotInstanceCountExceeded", /--amazonec2-request-spot-instance/],
    ["InsufficientInstanceCapacity", /--amazonec2-instance-type .* --amazonec2-zone/],
    ["RequestLimitExceeded", /--amazonec2-retries/],
    ["AuthFailure", /clock/],
    ["ExpiredToken", /aws sso login/],
    ["OptInRequired", /Marketplace/],
    ["UnsupportedOperation", /do not go together/],
    ["InvalidParameterCombination", /--help/],
    ["InvalidParameterValue", /--help/],
    ["SomethingLimitExceeded", /Service Quotas/],
  ])("with %s says what to do", (code, hint) => {
    const error = explain("RunInstances", refusal(code));
    expect(error.hint).toMatch(hint);
    expect(codeOf(error)).toBe(code);
  });

  test("with a code that nobody knows is told with call, message and code", () => {
    expect(explain("StopInstances", refusal("Odd.Thing", "so it is"))).toMatchObject({
      code: "failed",
      message: "EC2 refuses StopInstances: so it is (Odd.Thing)",
    });
  });

  test("because of an instance that is there says what to do with that", () => {
    const start = explain("StartInstances", refusal("InsufficientInstanceCapacity"));
    expect(start.hint).toMatch(/cannot move: try again later$/);
    expect(explain("StopInstances", refusal("UnsupportedOperation")).hint).toMatch(/machine rm$/);
  });

  test("as the security group is not there is known by both of EC2's codes", () => {
    expect(lacksGroup(explain("RunInstances", refusal("InvalidGroup.NotFound")))).toBe(true);
    expect(lacksGroup(explain("RunInstances", refusal("InvalidSecurityGroupID.NotFound")))).toBe(true);
    expect(lacksGroup(explain("RunInstances", refusal("InvalidSubnetID.NotFound")))).toBe(false);
  });

  test("keeps nothing of the request, which holds the session token", () => {
    const error = explain("RunInstances", Object.assign(refusal("AuthFailure"), { $response: { token: "hush" } }));
    expect(Object.getOwnPropertyNames(error.cause)).toEqual(["message", "name"]);
  });
});

describe("the reason of an instance's end", () => {
  test("that is the client's says what to do about the key, one that is Amazon's to try again", () => {
    expect(hintOn("Client.InternalError")).toMatch(/kms:CreateGrant.*--amazonec2-kms-key-id/);
    expect(hintOn("Server.InternalError")).toMatch(/^the fault is Amazon's/);
    expect(hintOn("Client.VolumeLimitExceeded")).toMatch(/Service Quotas/);
    expect(hintOn("Client.UserInitiatedShutdown")).toBeUndefined();
  });
});

describe("a call that never reaches EC2", () => {
  const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

  test.each([
    [
      named("CredentialsProviderError", "Could not load credentials from any providers"),
      /^amazonec2 driver requires AWS credentials configured with the --amazonec2-access-key/,
      "failed",
    ],
    [
      named("CredentialsProviderError", "Could not resolve credentials using profile: [x]"),
      /^amazonec2 driver requires AWS credentials.*profile: \[x\]$/,
      "failed",
    ],
    [
      named("CredentialsProviderError", "The SSO session associated with this profile has expired."),
      /^the AWS credentials cannot be used/,
      "failed",
    ],
    [named("Error", "getaddrinfo ENOTFOUND ec2.xx-none-1.amazonaws.com"), /^Invalid region specified/, "unreachable"],
    [named("Error", "connect ECONNREFUSED 192.0.2.1:443"), /^EC2 cannot be reached: StopInstances/, "unreachable"],
    [named("TimeoutError", "socket did not connect"), /^EC2 cannot be reached/, "unreachable"],
    [named("AbortError", "Request aborted"), /^interrupted$/, "interrupted"],
  ])("because of %s is told as such", (thrown, message, code) => {
    const error = explain("StopInstances", thrown);
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
    expect(codeOf(error)).toBeUndefined();
  });

  test("leaves an error that is explained already as it is", () => {
    const error = new MachineError("busy", "at work");
    expect(explain("StopInstances", error)).toBe(error);
  });
});

describe("another type or zone", () => {
  test("is tried for want of room, not for want of a permission", () => {
    expect(lacksCapacity(explain("RunInstances", refusal("InsufficientInstanceCapacity")))).toBe(true);
    expect(lacksCapacity(explain("RunInstances", refusal("Unsupported")))).toBe(true);
    expect(lacksCapacity(explain("RunInstances", refusal("UnauthorizedOperation")))).toBe(false);
  });
});
