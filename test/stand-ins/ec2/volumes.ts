import type * as sdk from "@aws-sdk/client-ec2";
import type { Handler } from "./context.js";
import { failure } from "./failure.js";
import type { Region } from "./region.js";
import { byIds, type Filters, filtered, page } from "./select.js";

export const DescribeVolumes: Handler<sdk.DescribeVolumesRequest, sdk.DescribeVolumesResult> =
  ({ region }, input) =>
  () => {
    const named = input.VolumeIds?.length ? volumesOf(region, input.VolumeIds) : region.volumes;
    const { items, ...next } = page(filtered(named, input.Filters, filters), input, input.VolumeIds);
    return { Volumes: items, ...next };
  };

const filters: Filters<sdk.Volume> = {
  "attachment.device": ({ Attachments = [] }) => Attachments.map(({ Device }) => Device),
  "attachment.instance-id": ({ Attachments = [] }) => Attachments.map(({ InstanceId }) => InstanceId),
  "attachment.status": ({ Attachments = [] }) => Attachments.map(({ State }) => State),
  "availability-zone": ({ AvailabilityZone }) => [AvailabilityZone],
  encrypted: ({ Encrypted }) => [Encrypted],
  size: ({ Size }) => [Size],
  status: ({ State }) => [State],
  "volume-id": ({ VolumeId }) => [VolumeId],
  "volume-type": ({ VolumeType }) => [VolumeType],
};

export const DeleteVolume: Handler<sdk.DeleteVolumeRequest, object> = ({ region }, { VolumeId = "" }) => {
  const [volume] = volumesOf(region, [VolumeId]);
  const instance = volume?.Attachments?.[0]?.InstanceId;
  if (instance !== undefined) {
    throw failure("VolumeInUse", `Volume ${VolumeId} is currently attached to ${instance}`);
  }
  return () => {
    region.volumes = region.volumes.filter((one) => one !== volume);
    return {};
  };
};

function volumesOf({ volumes }: Region, ids: readonly string[]): sdk.Volume[] {
  return byIds(volumes, ids, ({ VolumeId }) => VolumeId, {
    prefix: "vol",
    what: "volume",
    malformed: "InvalidParameterValue",
    notFound: "InvalidVolume.NotFound",
  });
}
