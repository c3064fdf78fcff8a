import type { EC2ClientConfig } from "@aws-sdk/client-ec2";
import { setMaxListeners } from "node:events";
import { MachineError, type Io } from "../../../src/driver/index.js";
import type { Ec2 } from "./calls.js";
import { credentialsOf } from "./credentials.js";
import { connectionTo } from "./connection.js";
import { explain, profileFailure } from "./failure.js";
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
  const config = await configOf(settings, io.env);
  const { credentials: find } = new EC2Client(config).config;
  const credentials: typeof find = async (...given) => checkToken(await find(...given), settings, io.env);
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

async function configOf(settings: Ec2Settings, env: Io["env"]): Promise<EC2ClientConfig> {
  const { Region, Endpoint, DisableSSL, RetryCount } = settings;
  const { Profile, keys } = credentialsOf(settings, env);
  const endpoint = Endpoint === "" ? undefined : endpointUrl(Endpoint, DisableSSL);
  const requestHandler = await connectionTo(new URL(endpoint ?? `https://ec2.${Region}.amazonaws.com`), env);
  return {
    ...{ region: Region, retryMode: "adaptive", maxAttempts: Math.max(RetryCount, 0) + 1, requestHandler },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(Profile === "" ? {} : { profile: Profile, credentials: await ofProfile(Profile) }),
    ...(keys === undefined ? {} : { credentials: keys }),
  };
}

/** Those of a profile that was named: where it gives none, nobody else's are taken. */
async function ofProfile(profile: string): Promise<NonNullable<EC2ClientConfig["credentials"]>> {
  const { fromIni } = await import("./sdk.js");
  const provide = fromIni({ profile });
  return async (...given) =>
    provide(...given).catch((error: unknown) => {
      throw profileFailure(profile, error);
    });
}

/**
 * A session token opens the account to whoever reads it, so that it goes to no endpoint without TLS that only a saved
 * state names: the state may be somebody else's.
 */
function checkToken<C extends { readonly sessionToken?: string }>(found: C, settings: Ec2Settings, env: Io["env"]): C {
  const { Endpoint, DisableSSL } = settings;
  const url = Endpoint === "" ? undefined : new URL(endpointUrl(Endpoint, DisableSSL));
  const isPlain = url?.protocol === "http:" && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  if (found.sessionToken === undefined || !isPlain || env["AWS_ENDPOINT"] === Endpoint) return found;
  throw new MachineError("failed", `refusing to send temporary AWS credentials to ${url.origin} without TLS`, {
    hint: `to send them anyway: AWS_ENDPOINT=${Endpoint}`,
  });
}

/** A bare host gets its scheme, as docker-machine gives it. */
function endpointUrl(endpoint: string, disableSsl: boolean): string {
  return /^https?:\/\//.test(endpoint) ? endpoint : `${disableSsl ? "http" : "https"}://${endpoint}`;
}
