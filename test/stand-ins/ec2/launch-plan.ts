import * as sdk from "@aws-sdk/client-ec2";
import { type CatalogueImage, types } from "./catalogue.js";
import { failure } from "./failure.js";
import { groupNamed, groupsOf } from "./groups.js";
import { imageOf } from "./images.js";
import { keyPairNamed } from "./keys.js";
import { defaultVpc, subnetOf } from "./network.js";
import { isBase64 } from "./parameters.js";
import type { Group, KeyPair, Region } from "./region.js";

/** What a valid RunInstances comes to. */
export interface LaunchPlan {
  readonly image: CatalogueImage;
  readonly type: sdk.InstanceTypeInfo;
  readonly keyPair: KeyPair | undefined;
  readonly subnet: Region["subnets"][number];
  readonly groups: readonly Group[];
  readonly public: boolean;
  readonly ipv6: number;
  readonly userData: string;
}

/** @throws Failure as RunInstances does */
export function planLaunch(region: Region, input: sdk.RunInstancesRequest): LaunchPlan {
  const { MinCount = 0, MaxCount = 0 } = input;
  if (MinCount < 1 || MaxCount < MinCount || MaxCount > 100) {
    throw failure("InvalidParameterValue", `Value (${String(MinCount)}) for parameter minCount is invalid.`);
  }
  if (input.ImageId === undefined) throw failure("MissingParameter", "The request must contain the parameter ImageId");
  const image = imageOf(input.ImageId);
  const type = typeFor(image, input.InstanceType ?? "m5.large");
  checkChoices(input);
  checkFeatures(region, input, type);
  const keyPair = input.KeyName === undefined ? undefined : keyPairNamed(region, input.KeyName);
  return { image, type, keyPair, ...planNetwork(region, input), userData: decode(input.UserData ?? "") };
}

function typeFor(image: CatalogueImage, name: string): sdk.InstanceTypeInfo {
  const type = types.find(({ InstanceType }) => InstanceType === name);
  if (type === undefined) throw failure("InvalidParameterValue", `Invalid value '${name}' for InstanceType.`);
  const [architecture = ""] = type.ProcessorInfo?.SupportedArchitectures ?? [];
  if (architecture !== image.Architecture) {
    throw failure(
      "InvalidParameterValue",
      `The architecture '${architecture}' of the specified instance type does not match the architecture ` +
        `'${image.Architecture}' of the specified AMI. Specify an instance type and an AMI that have matching ` +
        "architectures, and try again.",
    );
  }
  return type;
}

/** Words of which EC2 knows a few. */
function checkChoices(input: sdk.RunInstancesRequest): void {
  const market = input.InstanceMarketOptions;
  const metadata = input.MetadataOptions;
  const choices: readonly (readonly [string, string | undefined, Readonly<Record<string, string>>])[] = [
    ["instanceInitiatedShutdownBehavior", input.InstanceInitiatedShutdownBehavior, sdk.ShutdownBehavior],
    ["placement.tenancy", input.Placement?.Tenancy, sdk.Tenancy],
    ["metadataOptions.httpTokens", metadata?.HttpTokens, sdk.HttpTokensState],
    ["metadataOptions.httpEndpoint", metadata?.HttpEndpoint, sdk.InstanceMetadataEndpointState],
    ["metadataOptions.httpProtocolIpv6", metadata?.HttpProtocolIpv6, sdk.InstanceMetadataProtocolState],
    ["metadataOptions.instanceMetadataTags", metadata?.InstanceMetadataTags, sdk.InstanceMetadataTagsState],
    ["creditSpecification.cpuCredits", input.CreditSpecification?.CpuCredits, { a: "standard", b: "unlimited" }],
    ["instanceMarketOptions.marketType", market?.MarketType, sdk.MarketType],
    ["spotOptions.spotInstanceType", market?.SpotOptions?.SpotInstanceType, sdk.SpotInstanceType],
    [
      "spotOptions.instanceInterruptionBehavior",
      market?.SpotOptions?.InstanceInterruptionBehavior,
      sdk.InstanceInterruptionBehavior,
    ],
  ];
  for (const [name, value, known] of choices) {
    if (value !== undefined && !Object.values(known).includes(value)) {
      throw failure("InvalidParameterValue", `Invalid value '${value}' for ${name}`);
    }
  }
  const hops = metadata?.HttpPutResponseHopLimit ?? 1;
  if (hops < 1 || hops > 64) throw failure("InvalidParameterValue", "HttpPutResponseHopLimit must be 1 to 64");
}

/** What only some types and images can do, and what asks for something else. */
function checkFeatures(region: Region, input: sdk.RunInstancesRequest, type: sdk.InstanceTypeInfo): void {
  const name = type.InstanceType ?? "";
  if (input.CreditSpecification !== undefined && !type.BurstablePerformanceSupported) {
    throw failure("InvalidParameterCombination", `CreditSpecification is not supported for instance type ${name}`);
  }
  if (input.EbsOptimized && type.EbsInfo?.EbsOptimizedSupport === "unsupported") {
    throw failure("Unsupported", "EBS-optimized instances are not supported for your requested configuration.");
  }
  if (input.HibernationOptions?.Configured) {
    const encrypted = input.BlockDeviceMappings?.some(({ Ebs }) => Ebs?.Encrypted);
    if (!type.HibernationSupported || !encrypted) {
      throw failure("UnsupportedHibernationConfiguration", `Hibernation needs an encrypted root and a fitting type`);
    }
  }
  const profile = input.IamInstanceProfile;
  if (
    profile !== undefined &&
    !region.profiles.some((one) => profile.Name === one || profile.Arn?.endsWith(`/${one}`))
  ) {
    const value = profile.Name ?? profile.Arn ?? "";
    throw failure(
      "InvalidParameterValue",
      `Value (${value}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
    );
  }
  const spot = input.InstanceMarketOptions?.SpotOptions;
  const block = spot?.BlockDurationMinutes;
  if (block !== undefined && (block % 60 !== 0 || block < 60 || block > 360)) {
    throw failure("InvalidParameterValue", `Invalid block duration: ${String(block)}`);
  }
  const price = Number(spot?.MaxPrice ?? spotPrice);
  if (Number.isNaN(price) || price <= 0) throw failure("InvalidParameterValue", `Invalid value for maxPrice`);
  if (price < spotPrice) {
    throw failure(
      "SpotMaxPriceTooLow",
      `Your Spot request price of ${String(price)} is lower than the minimum required Spot request fulfillment price of ${String(spotPrice)}.`,
    );
  }
  if ((input.ClientToken ?? "").length > 64) throw failure("InvalidParameterValue", "ClientToken is too long");
}

/** US dollars an hour, of any type. */
const spotPrice = 0.001;

function planNetwork(region: Region, input: sdk.RunInstancesRequest) {
  const [card, ...others] = input.NetworkInterfaces ?? [];
  if (others.length > 0) throw failure("UnsupportedOperation", "The stand-in gives one network interface only");
  if (card !== undefined) {
    const forbidden = {
      "subnet ID": input.SubnetId,
      "security groups": input.SecurityGroupIds ?? input.SecurityGroups,
    };
    const both = Object.entries(forbidden).find(([, value]) => value !== undefined);
    if (both !== undefined) {
      throw failure(
        "InvalidParameterCombination",
        `Network interfaces and an instance-level ${both[0]} may not be specified on the same request`,
      );
    }
    if (card.DeviceIndex !== 0)
      throw failure("InvalidParameterValue", "The first network interface has device index 0");
  }
  const subnet = planSubnet(region, card?.SubnetId ?? input.SubnetId, input.Placement?.AvailabilityZone);
  const ids = card?.Groups ?? input.SecurityGroupIds ?? [];
  const groups = planGroups(region, ids, input.SecurityGroups ?? [], input.SubnetId, subnet);
  const ipv6 = card?.Ipv6AddressCount ?? input.Ipv6AddressCount ?? 0;
  if (ipv6 > 0 && !subnet.Ipv6CidrBlockAssociationSet?.length) {
    throw failure("InvalidParameterValue", `The subnet ${subnet.SubnetId} does not have an IPv6 CIDR block`);
  }
  return { subnet, groups, ipv6, public: card?.AssociatePublicIpAddress ?? subnet.MapPublicIpOnLaunch ?? false };
}

function planSubnet(region: Region, id: string | undefined, zone: string | undefined): Region["subnets"][number] {
  if (zone !== undefined && !region.zones.includes(zone)) {
    throw failure("InvalidParameterValue", `Invalid availability zone: [${zone}]`);
  }
  if (id !== undefined) {
    const subnet = subnetOf(region, id);
    if (zone === undefined || zone === subnet.AvailabilityZone) return subnet;
    throw failure("InvalidParameterValue", `The subnet ${id} is not in the availability zone ${zone}`);
  }
  const vpc = defaultVpc(region)?.VpcId;
  if (vpc === undefined) {
    throw failure(
      "VPCIdNotSpecified",
      "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
    );
  }
  const subnet = region.subnets.find(
    (one) => one.VpcId === vpc && (zone ?? one.AvailabilityZone) === one.AvailabilityZone,
  );
  if (subnet === undefined) throw failure("MissingInput", `No subnets found for the default VPC '${vpc}'.`);
  return subnet;
}

function planGroups(
  region: Region,
  ids: readonly string[],
  names: readonly string[],
  subnetId: string | undefined,
  subnet: Region["subnets"][number],
): Group[] {
  if (names.length > 0 && subnetId !== undefined) {
    throw failure("InvalidParameterCombination", "The parameter groupName cannot be used with the parameter subnet");
  }
  const groups = [...groupsOf(region, ids), ...names.map((name) => groupNamed(region, name))];
  const stranger = groups.find(({ VpcId }) => VpcId !== subnet.VpcId);
  if (stranger !== undefined) {
    throw failure(
      "InvalidParameter",
      `Security group ${stranger.GroupId} and subnet ${subnet.SubnetId} belong to different networks.`,
    );
  }
  if (groups.length > 5) throw failure("SecurityGroupsPerInterfaceLimitExceeded", "At most 5 groups an interface");
  const isDefault = (group: Group): boolean => group.GroupName === "default" && group.VpcId === subnet.VpcId;
  return groups.length > 0 ? groups : region.groups.filter(isDefault);
}

/** At most 16 KB before it is encoded. */
function decode(userData: string): string {
  if (!isBase64(userData)) throw failure("InvalidParameterValue", "Invalid BASE64 encoding of user data.");
  const decoded = Buffer.from(userData, "base64");
  if (decoded.length > 16_384) throw failure("InvalidParameterValue", "User data is limited to 16384 bytes");
  return decoded.toString();
}
