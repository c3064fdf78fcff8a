import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { homeOf, ok, warning, type Check, type Finding, type Io } from "../../src/driver/index.js";
import type { Ec2Options } from "./options.js";
import { checkRegion } from "./api/settings.js";

/** @param vendorFile where the kernel says who made this computer */
export function checks(given: Ec2Options, vendorFile = "/sys/devices/virtual/dmi/id/sys_vendor"): readonly Check[] {
  return [{ what: "account", run: (io) => checkAccess(given, io, vendorFile) }];
}

/** Without credentials nothing is asked of anybody. */
async function checkAccess(given: Ec2Options, io: Io, vendorFile: string): Promise<Finding> {
  if (await hasCredentials(given, io, vendorFile)) {
    const { Region } = await checkRegion(given.region, given, io);
    return ok(`EC2 lets the credentials in, in ${Region}`);
  }
  return warning(
    "there are no AWS credentials, so EC2 was not asked",
    "aws configure, or aws sso login, makes a profile; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  );
}

/** There is something where the SDK looks for credentials: it tells itself whether they are good. */
async function hasCredentials({ accessKey, secretKey }: Ec2Options, { env }: Io, vendorFile: string): Promise<boolean> {
  if (accessKey && secretKey) return true;
  const places = ["WEB_IDENTITY_TOKEN_FILE", "CONTAINER_CREDENTIALS_RELATIVE_URI", "CONTAINER_CREDENTIALS_FULL_URI"];
  if (places.some((name) => env[`AWS_${name}`])) return true;
  const folder = join(homeOf(env), ".aws");
  const files = [
    env["AWS_SHARED_CREDENTIALS_FILE"] ?? join(folder, "credentials"),
    env["AWS_CONFIG_FILE"] ?? join(folder, "config"),
  ];
  const profiles = await Promise.all(files.map(textOf));
  if (profiles.some((text) => givesCredentials.test(text))) return true;
  // The role of an instance.
  return env["AWS_EC2_METADATA_DISABLED"] !== "true" && (await textOf(vendorFile)).startsWith("Amazon EC2");
}

/** @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html */
const givesCredentials =
  /^\s*(aws_access_key_id|credential_process|credential_source|login_session|role_arn|sso_\w+|web_identity_token_file)\s*=/m;

function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
