import { MachineError, type Io } from "../../../src/driver/index.js";
import { accountOf } from "./account.js";
import { defaultRegion, openEc2, type Ec2Settings } from "./client.js";
import { credentialsOf } from "./credentials.js";
import { asPrecheck } from "./failure.js";

/** The options that say where EC2 is and who asks. */
export interface AskedSettings {
  readonly region: string | undefined;
  readonly profile: string;
  readonly accessKey: string | undefined;
  readonly secretKey: string | undefined;
  readonly sessionToken: string | undefined;
  readonly endpoint: string;
  readonly insecureTransport: boolean;
  readonly retries: number;
}

/**
 * Whether EC2 has the region, which is a default one where none is given, and lets these credentials in.
 * @throws MachineError `usage`, `precheck`
 */
export async function checkRegion(
  region: string | undefined,
  values: AskedSettings,
  io: Io,
): Promise<Pick<Ec2Settings, "Region">> {
  const settings = await settingsOf({ ...values, region }, { ...io, notice: () => undefined });
  await accountOf(await openEc2(settings, io)).catch((error: unknown) => {
    throw asPrecheck(error);
  });
  return settings;
}

/** Secrets are for the calls of the plan; later ones find them where the program has put them, in `io.env`. */
export async function settingsOf(given: AskedSettings, io: Io): Promise<Ec2Settings> {
  const { accessKey = "", secretKey = "", sessionToken = "" } = given;
  // The SDK's own variables: saved, since the machine is nowhere else later.
  const endpoint = given.endpoint || io.env["AWS_ENDPOINT_URL_EC2"] || (io.env["AWS_ENDPOINT_URL"] ?? "");
  // Keys may come from the environment: they count less than a profile that is named.
  const named = given.profile === "" ? { AccessKey: accessKey, SecretKey: secretKey, SessionToken: sessionToken } : {};
  const { Profile, keys } = credentialsOf({ Profile: given.profile, ...named }, io.env);
  const Region = given.region ?? (await defaultRegion(Profile, io));
  // AWS's own are like us-east-1, us-gov-west-1 and eusc-de-east-1; others may be called anything.
  if (endpoint === "" && !/^[a-z]{2,4}(-[a-z]+)+-\d+$/.test(Region)) {
    throw new MachineError("usage", "Invalid region specified", { hint: `"${Region}" is not like us-east-1` });
  }
  return {
    Region,
    Profile,
    Endpoint: endpoint,
    DisableSSL: given.insecureTransport,
    RetryCount: given.retries,
    AccessKey: keys?.accessKeyId ?? "",
    SecretKey: keys?.secretAccessKey ?? "",
    SessionToken: keys?.sessionToken ?? "",
  };
}
