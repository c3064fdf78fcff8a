import type * as sdk from "@aws-sdk/client-ec2";
import { type CatalogueImage, images, types } from "./catalogue.js";
import type { Handler } from "./context.js";
import { failure } from "./failure.js";
import { byIds, type Filters, filtered, page } from "./select.js";

export const DescribeImages: Handler<sdk.DescribeImagesRequest, sdk.DescribeImagesResult> =
  ({ region }, input) =>
  () => {
    const named = input.ImageIds?.length ? imagesOf(input.ImageIds) : images;
    const owners = input.Owners ?? [];
    const bad = owners.find((owner) => !/^(?:\d{12}|self|amazon|aws-marketplace|aws-backup-vault)$/.test(owner));
    if (bad !== undefined) throw failure("InvalidUserID.Malformed", `Invalid user id: "${bad}"`);
    const isOwned = ({ OwnerId = "", ImageOwnerAlias = "" }: sdk.Image): boolean =>
      owners.some((owner) => [OwnerId, ImageOwnerAlias].includes(owner === "self" ? region.account : owner));
    const owned = owners.length === 0 ? named : named.filter(isOwned);
    const { items, ...next } = page(filtered(owned, input.Filters, imageFilters), input, input.ImageIds, [1, 1000]);
    return { Images: items, ...next };
  };

const imageFilters: Filters<sdk.Image> = {
  architecture: ({ Architecture }) => [Architecture],
  "creation-date": ({ CreationDate }) => [CreationDate],
  description: ({ Description }) => [Description],
  "ena-support": ({ EnaSupport }) => [EnaSupport],
  hypervisor: ({ Hypervisor }) => [Hypervisor],
  "image-id": ({ ImageId }) => [ImageId],
  "image-type": ({ ImageType }) => [ImageType],
  "is-public": ({ Public }) => [Public],
  name: ({ Name }) => [Name],
  "owner-alias": ({ ImageOwnerAlias }) => [ImageOwnerAlias],
  "owner-id": ({ OwnerId }) => [OwnerId],
  "root-device-name": ({ RootDeviceName }) => [RootDeviceName],
  "root-device-type": ({ RootDeviceType }) => [RootDeviceType],
  state: ({ State }) => [State],
  "virtualization-type": ({ VirtualizationType }) => [VirtualizationType],
};

function imagesOf(ids: readonly string[]): CatalogueImage[] {
  return byIds(images, ids, ({ ImageId }) => ImageId, {
    prefix: "ami",
    what: "image id",
    malformed: "InvalidAMIID.Malformed",
    notFound: "InvalidAMIID.NotFound",
  });
}

/** The image that `ImageId` of a launch names: an id, or `resolve:ssm:` and a parameter of AWS. */
export function imageOf(name: string): CatalogueImage {
  const parameter = /^resolve:ssm:(.*)$/.exec(name)?.[1];
  const image =
    parameter === undefined
      ? imagesOf([name])[0]
      : images.find(({ parameters }) => parameters.some((regexp) => regexp.test(parameter)));
  if (image === undefined) {
    throw failure("InvalidParameterValue", `Invalid value '${name}' for parameter imageId: no such SSM parameter`);
  }
  return image;
}

export const DescribeInstanceTypes: Handler<sdk.DescribeInstanceTypesRequest, sdk.DescribeInstanceTypesResult> =
  (_, input) => () => {
    const named = input.InstanceTypes?.length ? input.InstanceTypes.map(typeNamed) : types;
    const found = filtered(named, input.Filters, typeFilters);
    const { items, ...next } = page(found, input, input.InstanceTypes, [5, 100]);
    return { InstanceTypes: items, ...next };
  };

const typeFilters: Filters<sdk.InstanceTypeInfo & { readonly Tags?: undefined }> = {
  "bare-metal": ({ BareMetal }) => [BareMetal],
  "burstable-performance-supported": ({ BurstablePerformanceSupported }) => [BurstablePerformanceSupported],
  "current-generation": ({ CurrentGeneration }) => [CurrentGeneration],
  "free-tier-eligible": ({ FreeTierEligible }) => [FreeTierEligible],
  "hibernation-supported": ({ HibernationSupported }) => [HibernationSupported],
  "instance-type": ({ InstanceType }) => [InstanceType],
  "memory-info.size-in-mib": ({ MemoryInfo }) => [MemoryInfo?.SizeInMiB],
  "processor-info.supported-architecture": ({ ProcessorInfo }) => ProcessorInfo?.SupportedArchitectures ?? [],
  "supported-usage-class": ({ SupportedUsageClasses = [] }) => SupportedUsageClasses,
  "vcpu-info.default-vcpus": ({ VCpuInfo }) => [VCpuInfo?.DefaultVCpus],
};

function typeNamed(name: string): sdk.InstanceTypeInfo {
  const type = types.find(({ InstanceType }) => InstanceType === name);
  if (type === undefined) {
    throw failure("InvalidInstanceType", `The following supplied instance types do not exist: [${name}]`);
  }
  return type;
}
