import type { EC2ServiceException } from "@aws-sdk/client-ec2";
import { isMachineError, MachineError, messageOf, type ErrorCode } from "../../../src/driver/index.js";

/** What an error of the SDK tells: `name` is EC2's code, or the client's own where no answer came. */
interface Told {
  readonly name: string;
  readonly message: string;
}

interface ErrorMeaning {
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly hint?: string;
}

/**
 * Says what went wrong with a call and what to do. The cause has EC2's code as its name and nothing of the request,
 * which holds the session token.
 * @param action name of the call, e.g. `RunInstances`
 */
export function explain(action: string, error: unknown): MachineError {
  if (isMachineError(error)) return error;
  const name = codeOf(error) ?? (error instanceof Error ? error.name : "Error");
  const message = withoutBlob(messageOf(error));
  const cause = Object.assign(new Error(message), { name });
  delete cause.stack;
  const known = meaningOf(action, { name, message }) ?? foreign(action, error) ?? byFamily(name);
  if (known === undefined) return new MachineError("failed", `EC2 refuses ${action}: ${message} (${name})`, { cause });
  const said = known.message ?? `EC2 refuses ${action}: ${message} (${name})`;
  return new MachineError(known.code ?? "failed", said, { hint: known.hint, cause });
}

/** Why a profile that was named gives no credentials, in its own words. */
export function profileFailure(profile: string, error: unknown): MachineError {
  const message = messageOf(error);
  if (/ENOTFOUND|EAI_AGAIN|\bE(CONN|HOST|NET)\w*|socket hang up/.test(message)) {
    return new MachineError("unreachable", `cannot get credentials from AWS profile "${profile}": ${message}`);
  }
  return new MachineError("failed", `cannot get credentials from AWS profile "${profile}": ${message}`, {
    hint: /expired|refresh|sso session/i.test(message)
      ? renew
      : "`aws configure list-profiles` lists those of ~/.aws/config and ~/.aws/credentials",
  });
}

/** The same before anything is made: what EC2 has not or does not allow is a check that failed. */
export function asPrecheck(error: unknown): unknown {
  return isMachineError(error) && error.code === "failed" ? error.with({ code: "precheck" }) : error;
}

/** EC2's code of what was thrown, e.g. `InvalidInstanceID.NotFound`; undefined where EC2 has not answered. */
export function codeOf(error: unknown): string | undefined {
  if (isMachineError(error)) return codeOf(error.cause);
  return error instanceof Error && !notOfEc2.test(error.name) ? error.name : undefined;
}

/** True where another type or zone may do: EC2 has none of these left, or none of them at all. */
export function lacksCapacity(error: unknown): boolean {
  return capacity.has(codeOf(error) ?? "");
}

/** True where a security group is not there: EC2 has two words for it. */
export function lacksGroup(error: unknown): boolean {
  return /^Invalid(Group|SecurityGroupID)\.NotFound$/.test(codeOf(error) ?? "");
}

/** Names of errors of JavaScript, and those that the SDK gives to what EC2 has not answered. */
const notOfEc2 = /^(Unknown|(Type|Range|Syntax|Abort|Timeout|System|Aggregate)?Error|\w*ProviderError)$/;

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
const capacity = new Set([
  "InsufficientInstanceCapacity",
  "InsufficientCapacity",
  "InsufficientHostCapacity",
  "InsufficientFreeAddressesInSubnet",
  "InstanceLimitExceeded",
  "VcpuLimitExceeded",
  "MaxSpotInstanceCountExceeded",
  "SpotMaxPriceTooLow",
  "UnfulfillableCapacity",
  "Unsupported",
]);

const noCredentials =
  "amazonec2 driver requires AWS credentials configured with the --amazonec2-access-key and --amazonec2-secret-key " +
  "options, environment variables, ~/.aws/credentials, or an instance role";

const renew = "log in again: aws sso login, aws login, or new keys in the environment";
const later = "the fault is Amazon's: try again later, in another zone or region, or with a higher --amazonec2-retries";
const moreQuota =
  "end other instances, take another --amazonec2-instance-type or --amazonec2-region, or ask for more at Service Quotas";
const optIn = "the region is not enabled for the account (aws account enable-region)";
const otherPlace = "name more with commas: --amazonec2-instance-type t3.small,t3a.small and --amazonec2-zone a,b,c";

/** By code, by call and code where a code says something else of that call, or by the whole reason of an end. */
const meanings: Readonly<Record<string, ErrorMeaning>> = {
  "StartInstances InsufficientInstanceCapacity": {
    hint: "its zone has no room for its type now, and it cannot move: try again later",
  },
  "StopInstances UnsupportedOperation": {
    hint: "it can only run or be ended, as a spot instance that is asked for once: machine rm",
  },
  // https://repost.aws/knowledge-center/kms-iam-ec2-permission
  "Client.InternalError": {
    hint: "most often the credentials may not use the key that encrypts the disk (kms:CreateGrant and others): see --amazonec2-kms-key-id",
  },
  AuthFailure: {
    hint: `the keys are wrong, inactive or from another partition, this computer's clock is wrong, or ${optIn}`,
  },
  InvalidClientTokenId: { hint: `the access key is wrong or inactive, or ${optIn}` },
  UnrecognizedClientException: { hint: `the access key is wrong or inactive, or ${optIn}` },
  SignatureDoesNotMatch: { hint: "the secret key is wrong, or this computer's clock is off" },
  ExpiredToken: { message: "the AWS credentials have expired", hint: renew },
  ExpiredTokenException: { message: "the AWS credentials have expired", hint: renew },
  RequestExpired: { hint: "the credentials have expired or this computer's clock is off" },
  OptInRequired: {
    hint: "the account has to accept the image's terms in the AWS Marketplace, or to enable the region",
  },
  PendingVerification: { hint: "Amazon still verifies the account for this region: try again in some hours" },
  Blocked: { hint: "Amazon has blocked the account: see its e-mails" },
  InstanceLimitExceeded: { hint: moreQuota },
  VcpuLimitExceeded: { hint: moreQuota },
  MaxSpotInstanceCountExceeded: { hint: `${moreQuota}; or leave out --amazonec2-request-spot-instance` },
  SpotMaxPriceTooLow: { hint: "a higher --amazonec2-spot-price, or none: the price is never above that on demand" },
  VolumeLimitExceeded: { hint: "delete volumes, or ask for more at Service Quotas" },
  SecurityGroupLimitExceeded: {
    hint: "name one that is there: --amazonec2-security-group; machine gc lists leftovers",
  },
  RulesPerSecurityGroupLimitExceeded: { hint: "fewer of --amazonec2-ingress-cidr and --amazonec2-open-port" },
  InsufficientInstanceCapacity: { hint: otherPlace },
  InsufficientCapacity: { hint: otherPlace },
  InsufficientHostCapacity: { hint: otherPlace },
  InsufficientFreeAddressesInSubnet: { hint: "another --amazonec2-subnet-id or --amazonec2-zone" },
  Unsupported: { hint: otherPlace },
  UnsupportedOperation: { hint: "the options do not go together, or not with this type or endpoint" },
  RequestLimitExceeded: { hint: "EC2 slows the account down: try again later, or with a higher --amazonec2-retries" },
  InternalError: { hint: later },
  InternalFailure: { hint: later },
  ServiceUnavailable: { hint: later },
  Unavailable: { hint: later },
  "InvalidAMIID.NotFound": {
    hint: "an image is of one region: see --amazonec2-ami, --amazonec2-region",
  },
  "InvalidAMIID.Malformed": { hint: "--amazonec2-ami takes ami-ID, OWNER/NAME* or ssm:/PARAMETER" },
  "InvalidKeyPair.NotFound": { hint: "see --amazonec2-keypair-name: a key pair is of one region" },
  "InvalidAMIID.Unavailable": {
    hint: "the image was deregistered or is not available yet: choose another with --amazonec2-ami",
  },
  InvalidBlockDeviceMapping: { hint: "see --amazonec2-root-size and --amazonec2-device-name" },
  TagLimitExceeded: {
    hint: "an instance can have 50 tags, four of which machine sets: pass fewer with --amazonec2-tags",
  },
  InvalidInstanceType: { hint: "see --amazonec2-instance-type: not every region has each type" },
};

/** What to do about the reason of an instance's end, e.g. `Server.InsufficientInstanceCapacity`. */
export function hintOn(reason: string): string | undefined {
  const code = reason.replace(/^(Client|Server)\./, "");
  return (meanings[reason] ?? meanings[code] ?? byFamily(code))?.hint;
}

function meaningOf(action: string, { name, message }: Told): ErrorMeaning | undefined {
  if (name === "UnauthorizedOperation" || name === "AccessDenied") {
    // A launch needs ec2:CreateTags and iam:PassRole as well, and EC2 mostly says which one is missing.
    const permission = / not authorized to perform: ([\w-]+:\w+)/.exec(message)?.[1] ?? `ec2:${action}`;
    return {
      message: `the AWS credentials lack the permission ${permission}${/explicit deny/.test(message) ? " (denied explicitly)" : ""}`,
      hint: /service control policy/.test(message)
        ? "a service control policy denies it: ask the administrator of your AWS organization"
        : `allow ${permission} in their IAM policy, or use others: --amazonec2-profile`,
    };
  }
  return meanings[`${action} ${name}`] ?? meanings[name] ?? withoutAnswer(action, name, message);
}

/** What the SDK says when it has got no answer, or could not ask. */
function withoutAnswer(action: string, name: string, message: string): ErrorMeaning | undefined {
  if (name === "AbortError") return { code: "interrupted", message: "interrupted" };
  if (/expired|refresh|sso session/i.test(message) && /^(Credentials|Token)ProviderError$/.test(name)) {
    return { message: `the AWS credentials cannot be used: ${message}`, hint: renew };
  }
  if (name === "CredentialsProviderError" && !/Could not load credentials/.test(message)) {
    return { message: `${noCredentials}: ${message}`, hint: "see the profile in ~/.aws/config" };
  }
  if (name === "CredentialsProviderError" || /Resolved credential object is not valid/.test(message)) {
    return {
      message: noCredentials,
      hint: "aws configure makes them; aws sts get-caller-identity tries them",
    };
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) {
    return {
      code: "unreachable",
      message: `Invalid region specified, or no network: ${action}: ${message}`,
      hint: "see --amazonec2-region and --amazonec2-endpoint",
    };
  }
  if (name === "TimeoutError" || /\bE(CONN|HOST|NET|PIPE|PROTO)\w*|socket hang up|certificate/i.test(message)) {
    return {
      code: "unreachable",
      message: `EC2 cannot be reached: ${action}: ${message}`,
      hint: "see the network, --amazonec2-region and --amazonec2-endpoint",
    };
  }
  return undefined;
}

/** What answers in EC2's place, e.g. a proxy with a page of its own. */
function foreign(action: string, error: unknown): ErrorMeaning | undefined {
  if (codeOf(error) !== undefined || !(error instanceof Error) || !("$response" in error)) return undefined;
  const { httpStatusCode = 0 } = (error as Partial<EC2ServiceException>).$metadata ?? {};
  return {
    code: "unreachable",
    message: `EC2 cannot be reached: ${action}: what answers is not EC2 (HTTP status ${String(httpStatusCode)})`,
    hint: "see --amazonec2-endpoint, and whether a proxy answers in its place",
  };
}

function byFamily(name: string): ErrorMeaning | undefined {
  if (/^(Invalid|Missing|Unknown)(Parameter|Request)?/.test(name))
    return { hint: "see the options given: machine create -d amazonec2 --help" };
  if (/LimitExceeded$/.test(name)) return { hint: "ask for more at Service Quotas" };
  return undefined;
}

/** The encoded part of a refusal is long, tells nothing without sts:DecodeAuthorizationMessage, and names the account. */
function withoutBlob(message: string): string {
  return message.replace(/\s*Encoded authorization failure message:.*$/s, "").trim();
}
