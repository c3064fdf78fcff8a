import type { EC2ClientConfig } from "@aws-sdk/client-ec2";
import { setMaxListeners } from "node:events";
import type { Io } from "../../../src/driver/index.js";
import type { Ec2 } from "./calls.js";
import { credentialsOf } from "./credentials.js";
import { explain } from "./failure.js";
import type { Ec2State } from "../state.js";

/** What of a machine's state says where its EC2 is and who asks. */
export type Ec2Settings = Pick<
  Ec2State,
  "Region" | "Profile" | "Endpoint" | "DisableSSL" | "RetryCount" | "AccessKey" | "SecretKey" | "SessionToken"
>;

/**
 * Opens EC2 for those whom {@link credentialsOf} names, else for whom the SDK's chain finds: SSO, web identity, a
 * process, a container's or instance's role. That chain reads the environment of the process, which is `io.env` in the
 * program. Nothing is asked yet.
 */
export async function openEc2(settings: Ec2Settings, io: Pick<Io, "env" | "signal">): Promise<Ec2> {
  return (await openRegions(settings, io))(settings.Region);
}

/** The same for any region; the credentials are looked up once for all of them. */
export async function openRegions(
  settings: Ec2Settings,
  io: Pick<Io, "env" | "signal">,
): Promise<(region: string) => Ec2> {
  const { EC2Client, commands } = await import("./sdk.js");
  const config = configOf(settings, io.env);
  const { credentials } = new EC2Client(config).config;
  const signal = AbortSignal.any([io.signal]);
  // Node 20 warns of the eleventh listener: each call under way is one.
  setMaxListeners(0, signal);
  return (region) => {
    const client = new EC2Client({ ...config, region, credentials });
    return {
      call: (name, input) =>
        client.send(new commands[name](input), { abortSignal: signal }).catch((error: unknown) => {
          throw explain(name, error);
        }),
    };
  };
}

/** The region of the environment, else that of the profile, else us-east-1. */
export async function defaultRegion(profile: string, { env }: Pick<Io, "env">): Promise<string> {
  if (env["AWS_REGION"]) return env["AWS_REGION"];
  const { EC2Client } = await import("./sdk.js");
  // The SDK rejects where nothing names a region.
  return new EC2Client(profile === "" ? {} : { profile }).config.region().catch(() => "us-east-1");
}

function configOf(settings: Ec2Settings, env: Io["env"]): EC2ClientConfig {
  const { Region, Endpoint, DisableSSL, RetryCount } = settings;
  const { Profile, keys } = credentialsOf(settings, env);
  return {
    region: Region,
    retryMode: "adaptive",
    maxAttempts: Math.max(RetryCount, 0) + 1,
    // Milliseconds. Without an end, an answer that got lost is waited for until the connection is given up.
    requestHandler: { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
    ...(Profile === "" ? {} : { profile: Profile }),
    ...(Endpoint === "" ? {} : { endpoint: endpointUrl(Endpoint, DisableSSL) }),
    ...(keys === undefined ? {} : { credentials: keys }),
  };
}

/** A bare host gets its scheme, as docker-machine gives it. */
function endpointUrl(endpoint: string, disableSsl: boolean): string {
  return /^https?:\/\//.test(endpoint) ? endpoint : `${disableSsl ? "http" : "https"}://${endpoint}`;
}
