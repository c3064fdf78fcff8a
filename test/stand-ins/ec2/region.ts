import type * as sdk from "@aws-sdk/client-ec2";
import { randomBytes } from "node:crypto";
import type { Launch } from "./launcher.js";

/** An instance, and what EC2 knows of it but does not tell in DescribeInstances. */
export interface Machine {
  readonly id: string;
  readonly reservationId: string;
  /** Changes as it lives. */
  readonly instance: sdk.Instance;
  readonly launch: Launch;
  /** Whether a start gives it a public address. */
  readonly public: boolean;
  readonly onShutdown: "stop" | "terminate";
  readonly protected: boolean;
  /** EC2 tells an interface's tags by DescribeNetworkInterfaces only. */
  readonly interfaces: { readonly NetworkInterfaceId: string; Tags?: sdk.Tag[] | undefined }[];
  console: string;
  /** Settles when every change ordered so far is done. */
  work: Promise<void>;
}

export interface KeyPair extends sdk.KeyPairInfo {
  readonly KeyName: string;
  readonly KeyPairId: string;
  readonly PublicKey: string;
}

export type Group = sdk.SecurityGroup & {
  readonly GroupId: string;
  readonly GroupName: string;
  readonly VpcId: string;
};

/** What one account has in one region. Lists are in order of creation; what is gone is out of them, but machines. */
export interface Region {
  readonly account: string;
  readonly name: string;
  readonly zones: readonly string[];
  readonly profiles: readonly string[];
  readonly machines: Machine[];
  readonly vpcs: (sdk.Vpc & { readonly VpcId: string })[];
  readonly subnets: (sdk.Subnet & {
    readonly SubnetId: string;
    readonly VpcId: string;
    readonly AvailabilityZone: string;
  })[];
  groups: Group[];
  keyPairs: KeyPair[];
  volumes: (sdk.Volume & { readonly VolumeId: string })[];
  readonly spotRequests: (sdk.SpotInstanceRequest & { readonly SpotInstanceRequestId: string })[];
  /** ClientToken -> its launch. */
  readonly launches: Map<string, { readonly parameters: string; readonly reservationId: string }>;
}

/** A fresh region: a default VPC (unless there is none) with a subnet in each of three zones, and another VPC. */
export function newRegion(account: string, name: string, defaultVpc: boolean): Region {
  const zones = ["a", "b", "c"].map((letter) => name + letter);
  const region: Region = {
    account,
    name,
    zones,
    profiles: ["machine"],
    machines: [],
    vpcs: [],
    subnets: [],
    groups: [],
    keyPairs: [],
    volumes: [],
    spotRequests: [],
    launches: new Map(),
  };
  if (defaultVpc) addVpc(region, { block: "172.31", isDefault: true, zones, ipv6: false });
  addVpc(region, { block: "10.0", isDefault: false, zones: zones.slice(0, 2), ipv6: true });
  return region;
}

interface VpcOptions {
  readonly block: string;
  readonly isDefault: boolean;
  readonly zones: readonly string[];
  readonly ipv6: boolean;
}

function addVpc(region: Region, { block, isDefault, zones, ipv6 }: VpcOptions): void {
  const vpcId = newId("vpc");
  const cidr = `${block}.0.0/16`;
  const owner = { OwnerId: region.account, Tags: [] };
  region.vpcs.push({ ...owner, VpcId: vpcId, CidrBlock: cidr, IsDefault: isDefault, State: "available" });
  for (const [index, zone] of zones.entries()) {
    region.subnets.push({
      ...owner,
      SubnetId: newId("subnet"),
      VpcId: vpcId,
      AvailabilityZone: zone,
      CidrBlock: `${block}.${String(index * 16)}.0/20`,
      AvailableIpAddressCount: 4091,
      DefaultForAz: isDefault,
      MapPublicIpOnLaunch: isDefault,
      State: "available",
      Ipv6CidrBlockAssociationSet: ipv6
        ? [{ Ipv6CidrBlock: `2001:db8:0:${String(index)}::/64`, Ipv6CidrBlockState: { State: "associated" } }]
        : [],
    });
  }
  region.groups.push({
    ...owner,
    GroupId: newId("sg"),
    GroupName: "default",
    Description: "default VPC security group",
    VpcId: vpcId,
    IpPermissions: [],
    IpPermissionsEgress: [],
  });
}

/** Such as "i-0123456789abcdef0". */
export function newId(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString("hex")}`;
}
