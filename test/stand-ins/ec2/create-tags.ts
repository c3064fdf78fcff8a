import type * as sdk from "@aws-sdk/client-ec2";
import type { Handler } from "./context.js";
import { failure } from "./failure.js";
import { groupsOf } from "./groups.js";
import { machinesOf } from "./instances.js";
import { subnetOf, vpcOf } from "./network.js";
import type { Region } from "./region.js";
import { checkedTags, mergedTags } from "./tags.js";

export const CreateTags: Handler<sdk.CreateTagsRequest, object> = ({ region }, { Resources = [], Tags = [] }) => {
  const more = checkedTags(Tags);
  const things = Resources.map((id) => thingOf(region, id));
  const merged = things.map((thing) => mergedTags(thing.Tags ?? [], more));
  return () => {
    for (const [index, thing] of things.entries()) thing.Tags = merged[index];
    return {};
  };
};

/** @throws Failure InvalidID, or what the thing's own action says */
function thingOf(region: Region, id: string): { Tags?: sdk.Tag[] | undefined } {
  const find = <T>(things: readonly T[], idOf: (thing: T) => string | undefined): T => {
    const thing = things.find((one) => idOf(one) === id);
    if (thing === undefined) throw failure("InvalidID", `The ID '${id}' is not valid`);
    return thing;
  };
  const prefix = id.split("-")[0] ?? "";
  if (prefix === "i") return find(machinesOf(region, [id]), (machine) => machine.id).instance;
  if (prefix === "sg") return find(groupsOf(region, [id]), ({ GroupId }) => GroupId);
  if (prefix === "vpc") return vpcOf(region, id);
  if (prefix === "subnet") return subnetOf(region, id);
  if (prefix === "key") return find(region.keyPairs, ({ KeyPairId }) => KeyPairId);
  if (prefix === "sir") return find(region.spotRequests, ({ SpotInstanceRequestId }) => SpotInstanceRequestId);
  if (prefix === "eni") return interfaceOf(region, id);
  return find(region.volumes, ({ VolumeId }) => VolumeId);
}

/** Of interfaces, tags are called TagSet. */
function interfaceOf(region: Region, id: string): { Tags?: sdk.Tag[] | undefined } {
  const found = region.machines
    .flatMap(({ interfaces }) => interfaces)
    .find(({ NetworkInterfaceId }) => NetworkInterfaceId === id);
  if (found === undefined)
    throw failure("InvalidNetworkInterfaceID.NotFound", `The networkInterface ID '${id}' does not exist`);
  return found;
}
