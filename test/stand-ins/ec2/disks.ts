import * as sdk from "@aws-sdk/client-ec2";
import type { CatalogueImage } from "./catalogue.js";
import { failure } from "./failure.js";
import { newId, type Region } from "./region.js";

/** A volume to be made for an instance. */
export interface Disk {
  readonly device: string;
  readonly size: number;
  readonly type: sdk.VolumeType;
  readonly encrypted: boolean;
  readonly keep: boolean;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
  readonly key: string | undefined;
}

/**
 * The image's disks as changed by a launch; a mapping of another device is another volume.
 * @throws Failure InvalidParameterValue, InvalidBlockDeviceMapping, InvalidParameterCombination, ...
 */
export function planDisks(image: CatalogueImage, wanted: readonly sdk.BlockDeviceMapping[] = []): Disk[] {
  const own = (image.BlockDeviceMappings ?? []).filter(({ Ebs }) => Ebs !== undefined);
  const untouched = own.filter(({ DeviceName }) => !wanted.some((mapping) => mapping.DeviceName === DeviceName));
  return [...untouched, ...wanted.filter(({ NoDevice, VirtualName }) => (NoDevice ?? VirtualName) === undefined)].map(
    ({ DeviceName = "", Ebs = {} }) => {
      const base = own.find((mapping) => mapping.DeviceName === DeviceName)?.Ebs;
      return planDisk(DeviceName, Ebs, base);
    },
  );
}

function planDisk(device: string, ebs: sdk.EbsBlockDevice, base: sdk.EbsBlockDevice | undefined): Disk {
  const { VolumeSize = base?.VolumeSize, VolumeType = base?.VolumeType ?? "gp2", Iops, Throughput, KmsKeyId } = ebs;
  if (!/^(?:\/dev\/)?(?:sd|xvd)[a-z]+\d*$/.test(device)) {
    throw failure("InvalidBlockDeviceMapping", `Invalid device name ${device}`);
  }
  if (!Object.values<string>(sdk.VolumeType).includes(VolumeType)) {
    throw failure("InvalidParameterValue", `Invalid value '${VolumeType}' for VolumeType`);
  }
  if (VolumeSize === undefined) {
    throw failure("MissingParameter", "The request must contain the parameter size or snapshotId");
  }
  const least = base?.VolumeSize ?? 1;
  if (VolumeSize < least) {
    throw failure(
      "InvalidBlockDeviceMapping",
      `Volume of size ${String(VolumeSize)}GB is smaller than snapshot '${base?.SnapshotId ?? ""}', expect size >= ${String(least)}GB`,
    );
  }
  if (VolumeSize > 65_536) throw failure("InvalidParameterValue", `Volume of ${String(VolumeSize)}GiB is too large`);
  const fixed = !["gp3", "io1", "io2"].includes(VolumeType);
  if (Iops !== undefined && fixed) {
    throw failure("InvalidParameterCombination", `The parameter iops is not supported for ${VolumeType} volumes.`);
  }
  if (Iops === undefined && VolumeType.startsWith("io")) {
    throw failure("MissingParameter", `The request must contain the parameter iops for ${VolumeType} volumes`);
  }
  if (Throughput !== undefined && VolumeType !== "gp3") {
    throw failure(
      "InvalidParameterCombination",
      `The parameter throughput is not supported for ${VolumeType} volumes.`,
    );
  }
  if (KmsKeyId !== undefined && !ebs.Encrypted) {
    throw failure("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.");
  }
  return {
    device,
    size: VolumeSize,
    type: VolumeType,
    encrypted: ebs.Encrypted ?? false,
    keep: !(ebs.DeleteOnTermination ?? base?.DeleteOnTermination ?? false),
    iops: Iops,
    throughput: Throughput,
    key: KmsKeyId,
  };
}

/** Makes the volume of an instance; returns how the instance shows it. */
export function attachDisk(
  region: Region,
  disk: Disk,
  { instanceId, zone, tags }: { readonly instanceId: string; readonly zone: string; readonly tags: sdk.Tag[] },
): sdk.InstanceBlockDeviceMapping {
  const id = newId("vol");
  const attachment = { AttachTime: new Date(), DeleteOnTermination: !disk.keep };
  region.volumes.push({
    VolumeId: id,
    AvailabilityZone: zone,
    CreateTime: new Date(),
    Encrypted: disk.encrypted,
    KmsKeyId: disk.key,
    Size: disk.size,
    VolumeType: disk.type,
    Iops: disk.iops ?? (disk.type === "gp3" ? 3000 : undefined),
    Throughput: disk.throughput ?? (disk.type === "gp3" ? 125 : undefined),
    State: "in-use",
    Attachments: [{ ...attachment, VolumeId: id, InstanceId: instanceId, Device: disk.device, State: "attached" }],
    Tags: [...tags],
  });
  return { DeviceName: disk.device, Ebs: { ...attachment, VolumeId: id, Status: "attached" } };
}
