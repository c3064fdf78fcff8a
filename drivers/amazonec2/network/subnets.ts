import type { Subnet } from "@aws-sdk/client-ec2";
import { MachineError } from "../../../src/driver/index.js";
import type { Ec2 } from "../api/calls.js";
import { codeOf } from "../api/failure.js";

/** What is asked for of the network; empty: chosen. */
export interface AskedNetwork {
  readonly region: string;
  readonly vpc: string;
  readonly subnets: readonly string[];
  /** Letters or names. */
  readonly zones: readonly string[];
  /** The subnet must have IPv6 addresses. */
  readonly ipv6: boolean;
  /** The instance gets a public address, so that a subnet that gives one is better. */
  readonly isPublic: boolean;
}

export interface VpcSubnets {
  readonly vpc: string;
  /** Where to launch: one subnet for each zone, the best first; never none. `Zone` is the letter. */
  readonly places: readonly { readonly SubnetId: string; readonly Zone: string }[];
}

/**
 * Finds the VPC and the subnets: those asked for, else of the default VPC, one for each zone asked for, else for each
 * that there is.
 * @throws MachineError `precheck` in docker-machine's words
 */
export async function findNetwork(ec2: Ec2, asked: AskedNetwork): Promise<VpcSubnets> {
  const subnets = asked.subnets.length > 0 ? await namedSubnets(ec2, asked) : await chosenSubnets(ec2, asked);
  const fit = asked.ipv6 ? subnets.filter(hasIpv6) : subnets;
  if (fit.length === 0) {
    throw new MachineError("precheck", "none of the subnets has IPv6 addresses", {
      hint: "name one that has: --amazonec2-subnet-id",
    });
  }
  const places = fit.map(({ SubnetId = "", AvailabilityZone = "" }) => ({
    SubnetId,
    Zone: letterOf(asked.region, AvailabilityZone),
  }));
  return { vpc: fit[0]?.VpcId ?? asked.vpc, places };
}

async function namedSubnets(ec2: Ec2, { subnets, vpc, zones, region }: AskedNetwork): Promise<Subnet[]> {
  const { Subnets = [] } = await ec2.call("DescribeSubnets", { SubnetIds: [...subnets] }).catch((error: unknown) => {
    if (codeOf(error)?.startsWith("InvalidSubnetI") === true) return { Subnets: [] };
    throw error;
  });
  const inOrder = subnets.map((id) => Subnets.find(({ SubnetId }) => SubnetId === id));
  const found = inOrder.filter((one) => one !== undefined);
  const [first] = found;
  if (first === undefined || found.length < subnets.length) {
    throw new MachineError("precheck", "The desired subnet could not be located in this region", {
      hint: "Is '--amazonec2-subnet-id' or AWS_SUBNET_ID configured correctly?",
    });
  }
  const wanted = vpc === "" ? first.VpcId : vpc;
  const stranger = found.find(({ VpcId }) => VpcId !== wanted);
  if (stranger !== undefined) {
    throw new MachineError(
      "precheck",
      `SubnetId: ${stranger.SubnetId ?? ""} does not belong to VpcId: ${wanted ?? ""}`,
      { hint: "leave --amazonec2-vpc-id out, or name a subnet of that VPC" },
    );
  }
  const elsewhere = found.find((one) => zones.length > 0 && !zones.some((zone) => isIn(region, zone)(one)));
  if (elsewhere !== undefined) {
    throw new MachineError(
      "precheck",
      `subnet ${elsewhere.SubnetId ?? ""} is in zone ${elsewhere.AvailabilityZone ?? ""}, not in ${zones.join(", ")}`,
      { hint: "leave --amazonec2-zone out: a subnet is in one zone" },
    );
  }
  return found;
}

async function chosenSubnets(ec2: Ec2, asked: AskedNetwork): Promise<Subnet[]> {
  const { region, zones, isPublic, ipv6 } = asked;
  const vpc = asked.vpc === "" ? await defaultVpc(ec2) : asked.vpc;
  const { Subnets = [] } = await ec2.call("DescribeSubnets", { Filters: [{ Name: "vpc-id", Values: [vpc] }] });
  if (Subnets.length === 0) await checkVpc(ec2, vpc);
  const fit = (one: Subnet): number[] => [
    Number(one.Ipv6Native !== true && one.AvailableIpAddressCount !== 0),
    Number(ipv6 && hasIpv6(one)),
    Number(one.MapPublicIpOnLaunch === isPublic),
  ];
  const worth = (one: Subnet): number[] => [
    ...fit(one),
    Number(one.DefaultForAz === true),
    one.AvailableIpAddressCount ?? 0,
  ];
  const best = Subnets.filter(({ State, OutpostArn }) => State !== "pending" && !OutpostArn).sort(
    (a, b) => compare(worth(b), worth(a)) || (a.SubnetId ?? "").localeCompare(b.SubnetId ?? ""),
  );
  if (zones.length === 0) {
    const everywhere = oneForEachZone(best, region).sort((a, b) => compare(fit(b), fit(a)));
    if (everywhere.length > 0) return everywhere;
    throw new MachineError("precheck", `unable to find a subnet in ${vpc}`, {
      hint: "make one: aws ec2 create-subnet",
    });
  }
  return zones.map((zone) => {
    const found = best.find(isIn(region, zone));
    if (found !== undefined) return found;
    const there = oneForEachZone(best, region).map(({ AvailabilityZone = "" }) => letterOf(region, AvailabilityZone));
    throw new MachineError("precheck", `unable to find a subnet in the zone: ${region}${letterOf(region, zone)}`, {
      hint: there.length === 0 ? `${vpc} has no subnet` : `${vpc} has subnets in the zones ${there.join(", ")}`,
    });
  });
}

function hasIpv6({ Ipv6CidrBlockAssociationSet: blocks = [] }: Subnet): boolean {
  return blocks.some(({ Ipv6CidrBlockState: state }) => state?.State === undefined || state.State === "associated");
}

/** @throws MachineError `precheck` where it is not there */
async function checkVpc(ec2: Ec2, vpc: string): Promise<void> {
  await ec2.call("DescribeVpcs", { VpcIds: [vpc] }).catch((error: unknown) => {
    if (codeOf(error)?.startsWith("InvalidVpcI") !== true) throw error;
    throw new MachineError("precheck", `VPC ${vpc} not found in this region`, {
      hint: "see --amazonec2-vpc-id and --amazonec2-region: a VPC is of one region",
    });
  });
}

async function defaultVpc(ec2: Ec2): Promise<string> {
  const { Vpcs = [] } = await ec2.call("DescribeVpcs", { Filters: [{ Name: "is-default", Values: ["true"] }] });
  const id = Vpcs[0]?.VpcId;
  if (id !== undefined) return id;
  throw new MachineError(
    "precheck",
    "amazonec2 driver requires either the --amazonec2-subnet-id or --amazonec2-vpc-id option or an AWS Account with a default vpc-id",
    { hint: "aws ec2 create-default-vpc makes one" },
  );
}

/** The best of each zone, by name of the zone; local and wavelength zones, which must be asked for, left out. */
function oneForEachZone(best: readonly Subnet[], region: string): Subnet[] {
  const plain = best.filter(({ AvailabilityZone = "" }) => letterOf(region, AvailabilityZone).length === 1);
  const byZone = new Map<string, Subnet>();
  for (const one of plain.length > 0 ? plain : best) {
    const zone = one.AvailabilityZone ?? "";
    if (!byZone.has(zone)) byZone.set(zone, one);
  }
  return [...byZone.entries()].sort(([a], [b]) => a.localeCompare(b)).map(([, one]) => one);
}

/** With another EC2 a zone may have a name that does not begin with the region's. */
function isIn(region: string, zone: string): (subnet: Subnet) => boolean {
  return ({ AvailabilityZone = "" }) => AvailabilityZone === zone || letterOf(region, AvailabilityZone) === zone;
}

function letterOf(region: string, zone: string): string {
  return zone.startsWith(region) ? zone.slice(region.length) : zone;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
