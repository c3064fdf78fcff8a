import { describe, expect, test } from "vitest";
import { options } from "../../../drivers/amazonec2/options.js";
import { names, type Option } from "../../../src/driver/index.js";

/** Flags and variables of docker-machine 0.16. */
const reference: Readonly<Record<string, string | undefined>> = {
  "amazonec2-access-key": "AWS_ACCESS_KEY_ID",
  "amazonec2-secret-key": "AWS_SECRET_ACCESS_KEY",
  "amazonec2-session-token": "AWS_SESSION_TOKEN",
  "amazonec2-ami": "AWS_AMI",
  "amazonec2-region": "AWS_DEFAULT_REGION",
  "amazonec2-vpc-id": "AWS_VPC_ID",
  "amazonec2-zone": "AWS_ZONE",
  "amazonec2-subnet-id": "AWS_SUBNET_ID",
  "amazonec2-security-group-readonly": "AWS_SECURITY_GROUP_READONLY",
  "amazonec2-security-group": "AWS_SECURITY_GROUP",
  "amazonec2-open-port": undefined,
  "amazonec2-tags": "AWS_TAGS",
  "amazonec2-instance-type": "AWS_INSTANCE_TYPE",
  "amazonec2-device-name": "AWS_DEVICE_NAME",
  "amazonec2-root-size": "AWS_ROOT_SIZE",
  "amazonec2-volume-type": "AWS_VOLUME_TYPE",
  "amazonec2-iam-instance-profile": "AWS_INSTANCE_PROFILE",
  "amazonec2-ssh-port": "AWS_SSH_PORT",
  "amazonec2-ssh-user": "AWS_SSH_USER",
  "amazonec2-request-spot-instance": undefined,
  "amazonec2-spot-price": undefined,
  "amazonec2-block-duration-minutes": undefined,
  "amazonec2-private-address-only": undefined,
  "amazonec2-use-private-address": undefined,
  "amazonec2-monitoring": undefined,
  "amazonec2-use-ebs-optimized-instance": undefined,
  "amazonec2-ssh-keypath": "AWS_SSH_KEYPATH",
  "amazonec2-keypair-name": "AWS_KEYPAIR_NAME",
  "amazonec2-retries": undefined,
  "amazonec2-endpoint": "AWS_ENDPOINT",
  "amazonec2-insecure-transport": "AWS_INSECURE_TRANSPORT",
  "amazonec2-userdata": "AWS_USERDATA",
};

describe("the options of amazonec2", () => {
  const all: [string, Option<unknown>][] = Object.entries(options);
  const ours = new Map(
    all.map(([key, option]) => {
      const { flag, env } = names(key, option, "amazonec2");
      return [flag, env];
    }),
  );

  test.each(Object.entries(reference))("have docker-machine's --%s with its variable", (flag, env) => {
    expect([...ours.keys()]).toContain(flag);
    expect(ours.get(flag)).toBe(env);
  });

  test("that hold secrets are marked, so that nothing shows or saves them", () => {
    const secret = all.filter(([, option]) => option.secret === true).map(([key]) => key);
    expect(secret).toEqual(["accessKey", "secretKey", "sessionToken"]);
  });
});
