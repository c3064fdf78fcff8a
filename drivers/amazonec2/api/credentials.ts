import type { EC2ClientConfig } from "@aws-sdk/client-ec2";
import type { Io } from "../../../src/driver/index.js";
import type { Ec2State } from "../state.js";

type Keys = Exclude<NonNullable<EC2ClientConfig["credentials"]>, (...parameters: never[]) => unknown>;

/** Who asks EC2. Neither keys nor a profile: whoever the SDK's own chain finds. */
export interface AwsCredentials {
  /** Empty: none. */
  readonly Profile: string;
  readonly keys?: Keys;
}

/** Whose credentials are used: the keys given, else the profile given, else the keys of the environment, else its profile. */
export function credentialsOf(
  given: Partial<Pick<Ec2State, "Profile" | "AccessKey" | "SecretKey" | "SessionToken">>,
  env: Io["env"],
): AwsCredentials {
  const { Profile = "", AccessKey, SecretKey, SessionToken } = given;
  if (AccessKey && SecretKey) return { Profile: "", keys: asKeys(AccessKey, SecretKey, SessionToken) };
  if (Profile !== "") return { Profile };
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token, AWS_PROFILE } = env;
  return id && secret ? { Profile: "", keys: asKeys(id, secret, token) } : { Profile: AWS_PROFILE ?? "" };
}

function asKeys(accessKeyId: string, secretAccessKey: string, sessionToken = ""): Keys {
  return { accessKeyId, secretAccessKey, ...(sessionToken === "" ? {} : { sessionToken }) };
}
