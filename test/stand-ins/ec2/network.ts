import type * as sdk from "@aws-sdk/client-ec2";
import type { Handler } from "./context.js";
import { failure } from "./failure.js";
import type { Region } from "./region.js";
import { byIds, type Filters, filtered, page } from "./select.js";

export const DescribeRegions: Handler<sdk.DescribeRegionsRequest, sdk.DescribeRegionsResult> =
  ({ regions }, input) =>
  () => {
    const unknown = input.RegionNames?.find((name) => !regions.includes(name));
    if (unknown !== undefined) throw failure("InvalidParameterValue", `Invalid region names: '${unknown}'`);
    const wanted = input.RegionNames?.length ? input.RegionNames : regions;
    return {
      Regions: wanted.map((RegionName) => ({
        RegionName,
        Endpoint: `ec2.${RegionName}.amazonaws.com`,
        OptInStatus: "opt-in-not-required",
      })),
    };
  };

export const DescribeVpcs: Handler<sdk.DescribeVpcsRequest, sdk.DescribeVpcsResult> =
  ({ region }, input) =>
  () => {
    const named = input.VpcIds?.length ? input.VpcIds.map((id) => vpcOf(region, id)) : region.vpcs;
    const { items, ...next } = page(filtered(named, input.Filters, vpcFilters), input, input.VpcIds);
    return { Vpcs: items, ...next };
  };

/** Either spelling, as `is-default` here and there. */
const vpcFilters: Filters<sdk.Vpc> = {
  cidr: ({ CidrBlock }) => [CidrBlock],
  isDefault: ({ IsDefault }) => [IsDefault],
  "is-default": ({ IsDefault }) => [IsDefault],
  "owner-id": ({ OwnerId }) => [OwnerId],
  state: ({ State }) => [State],
  "vpc-id": ({ VpcId }) => [VpcId],
};

export const DescribeSubnets: Handler<sdk.DescribeSubnetsRequest, sdk.DescribeSubnetsResult> =
  ({ region }, input) =>
  () => {
    const named = input.SubnetIds?.length ? input.SubnetIds.map((id) => subnetOf(region, id)) : region.subnets;
    const { items, ...next } = page(filtered(named, input.Filters, subnetFilters), input, input.SubnetIds);
    return { Subnets: items, ...next };
  };

const subnetFilters: Filters<sdk.Subnet> = {
  availabilityZone: ({ AvailabilityZone }) => [AvailabilityZone],
  "availability-zone": ({ AvailabilityZone }) => [AvailabilityZone],
  cidr: ({ CidrBlock }) => [CidrBlock],
  defaultForAz: ({ DefaultForAz }) => [DefaultForAz],
  "default-for-az": ({ DefaultForAz }) => [DefaultForAz],
  "map-public-ip-on-launch": ({ MapPublicIpOnLaunch }) => [MapPublicIpOnLaunch],
  "owner-id": ({ OwnerId }) => [OwnerId],
  state: ({ State }) => [State],
  "subnet-id": ({ SubnetId }) => [SubnetId],
  "vpc-id": ({ VpcId }) => [VpcId],
};

export const DescribeAccountAttributes: Handler<
  sdk.DescribeAccountAttributesRequest,
  sdk.DescribeAccountAttributesResult
> =
  ({ region }, input) =>
  () => {
    const values: Readonly<Record<string, readonly string[]>> = {
      "supported-platforms": ["VPC"],
      "default-vpc": [defaultVpc(region)?.VpcId ?? "none"],
      "max-instances": ["20"],
      "vpc-max-security-groups-per-interface": ["5"],
      "max-elastic-ips": ["5"],
      "vpc-max-elastic-ips": ["5"],
    };
    const wanted = input.AttributeNames?.length ? input.AttributeNames : Object.keys(values);
    return {
      AccountAttributes: wanted.map((name) => {
        const those = values[name];
        if (those === undefined) throw failure("InvalidParameterValue", `Invalid attribute name '${name}'`);
        return { AttributeName: name, AttributeValues: those.map((value) => ({ AttributeValue: value })) };
      }),
    };
  };

export function defaultVpc({ vpcs }: Region) {
  return vpcs.find(({ IsDefault }) => IsDefault);
}

export function vpcOf({ vpcs }: Region, id: string): Region["vpcs"][number] {
  const codes = {
    prefix: "vpc",
    what: "vpc ID",
    malformed: "InvalidVpcID.Malformed",
    notFound: "InvalidVpcID.NotFound",
  };
  return only(byIds(vpcs, [id], ({ VpcId }) => VpcId, codes));
}

export function subnetOf({ subnets }: Region, id: string): Region["subnets"][number] {
  const codes = {
    prefix: "subnet",
    what: "subnet ID",
    malformed: "InvalidSubnetID.Malformed",
    notFound: "InvalidSubnetID.NotFound",
  };
  return only(byIds(subnets, [id], ({ SubnetId }) => SubnetId, codes));
}

function only<T>(found: readonly T[]): T {
  const [first] = found;
  if (first === undefined) throw failure("InternalError");
  return first;
}
