import type * as sdk from "@aws-sdk/client-ec2";
import { poll, type Io } from "../../../src/driver/index.js";
import type { Ec2 } from "../api/calls.js";
import { codeOf, lacksCapacity } from "../api/failure.js";
import { instanceOf, isGone, tags, type Ec2Instance } from "./find-instance.js";
import type { Ec2State } from "../state.js";

type Launched = Pick<
  Ec2State,
  "InstanceId" | "InstanceType" | "Zone" | "SubnetId" | "AMI" | "ReservationId" | "PrivateIPAddress"
> &
  Partial<Pick<Ec2State, "Account" | "LaunchedAt">>;

/**
 * Launches the machine's one instance, of the first type and zone that has room. What an earlier try launched is taken
 * instead: EC2 remembers each try's token, and the tag that carries it tells those tries apart that come later in the list.
 * Each type and zone that has no room is told.
 * @param userData in base64
 */
export async function launch(ec2: Ec2, state: Readonly<Ec2State>, io: Io, userData?: string): Promise<Launched> {
  const LaunchedAt = io.now();
  const earlier = await instanceOf(ec2, state);
  if (earlier !== undefined && !isGone(earlier)) return { ...launched(state, earlier, earlier.Account), LaunchedAt };
  const firstWithRoom = async ([place = state, ...others]: readonly Ec2State[]): Promise<Launched> => {
    try {
      return { ...(await run(ec2, place, userData)), LaunchedAt };
    } catch (error) {
      if (codeOf(error) === "IdempotentParameterMismatch")
        return { ...(await earlierLaunch(ec2, state, io)), LaunchedAt };
      if (others.length === 0 || !lacksCapacity(error)) throw error;
      io.notice(`no room for ${place.InstanceType} in ${zoneOf(place)} (${codeOf(error) ?? ""}), trying the next`);
      return firstWithRoom(others);
    }
  };
  return firstWithRoom(candidates(state));
}

/**
 * What an earlier try has launched with the same token and other parameters, e.g. because the file of user data has
 * changed since. EC2 may show it some time later.
 */
async function earlierLaunch(ec2: Ec2, state: Readonly<Ec2State>, io: Io): Promise<Launched> {
  const { MachineName: name } = state;
  const what = `the instance of ${name} that an earlier try launched with other parameters`;
  const hint = `its user data has changed since; to begin anew: machine rm ${name}, then machine create`;
  return poll(io, what, { every: 3_000, limit: 60_000, hint }, async () => {
    const found = await instanceOf(ec2, state);
    return found === undefined ? undefined : launched(state, found, found.Account);
  });
}

/** What is tried, in order, each with a token of its own: a token belongs to one set of parameters. */
function candidates(state: Readonly<Ec2State>): Ec2State[] {
  const { Fallbacks = [], ClientToken = "" } = state;
  return Fallbacks.map((place, index) => ({
    ...state,
    ...place,
    ClientToken: index === 0 ? ClientToken : `${ClientToken}-${String(index)}`,
  }));
}

function zoneOf({ Region, Zone, SubnetId }: Ec2State): string {
  return Zone === "" ? SubnetId : `${Region}${Zone}`;
}

async function run(ec2: Ec2, state: Readonly<Ec2State>, userData: string | undefined): Promise<Launched> {
  const reservation = await ec2.call("RunInstances", runInput(state, userData));
  return {
    ...launched(state, reservation.Instances?.[0] ?? {}, reservation.OwnerId),
    ReservationId: reservation.ReservationId ?? "",
  };
}

function launched(
  state: Readonly<Ec2State>,
  instance: sdk.Instance | Ec2Instance,
  account: string | undefined,
): Launched {
  const { InstanceId = "", InstanceType, ImageId, SubnetId, PrivateIpAddress = "", Placement } = instance;
  const zone = Placement?.AvailabilityZone;
  return {
    InstanceId,
    InstanceType: InstanceType ?? state.InstanceType,
    Zone: zone?.startsWith(state.Region) === true ? zone.slice(state.Region.length) : state.Zone,
    SubnetId: SubnetId ?? state.SubnetId,
    AMI: ImageId ?? state.AMI,
    PrivateIPAddress: PrivateIpAddress,
    ReservationId: state.ReservationId,
    ...(account === undefined ? {} : { Account: account }),
  };
}

/**
 * The parameters of the launch: the same for the same state, as a repeat with the same ClientToken must be.
 * @param userData in base64
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
 */
export function runInput(state: Readonly<Ec2State>, userData?: string): sdk.RunInstancesCommandInput {
  const { Launch: facts, IamInstanceProfile: profile } = state;
  return {
    ...(state.ClientToken === undefined ? {} : { ClientToken: state.ClientToken }),
    MinCount: 1,
    MaxCount: 1,
    ImageId: state.AMI,
    InstanceType: state.InstanceType as sdk._InstanceType,
    ...(state.KeyName === "" ? {} : { KeyName: state.KeyName }),
    ...(userData === undefined ? {} : { UserData: userData }),
    BlockDeviceMappings: [rootDevice(state)],
    NetworkInterfaces: [networkInterface(state)],
    MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required" },
    TagSpecifications: tagSpecifications(state),
    ...(profile === ""
      ? {}
      : { IamInstanceProfile: profile.startsWith("arn:") ? { Arn: profile } : { Name: profile } }),
    ...(state.Monitoring ? { Monitoring: { Enabled: true } } : {}),
    ...(state.UseEbsOptimizedInstance ? { EbsOptimized: true } : {}),
    ...placement(state),
    ...(state.RequestSpotInstance ? { InstanceMarketOptions: spot(state) } : {}),
    ...(facts === undefined || facts.Credits === "" ? {} : { CreditSpecification: { CpuCredits: facts.Credits } }),
    ...(facts?.Hibernation === true ? { HibernationOptions: { Configured: true } } : {}),
    ...(facts?.TerminateOnShutdown === true ? { InstanceInitiatedShutdownBehavior: "terminate" } : {}),
  };
}

function rootDevice({ DeviceName, RootSize, VolumeType, Launch: facts }: Ec2State): sdk.BlockDeviceMapping {
  return {
    DeviceName,
    Ebs: {
      VolumeSize: RootSize,
      VolumeType: VolumeType === "" ? "gp3" : (VolumeType as sdk.VolumeType),
      Encrypted: true,
      ...(facts === undefined || facts.KmsKey === "" ? {} : { KmsKeyId: facts.KmsKey }),
      DeleteOnTermination: true,
    },
  };
}

/** With it, groups, subnet and addresses may stand nowhere else. */
function networkInterface(state: Ec2State): sdk.InstanceNetworkInterfaceSpecification {
  return {
    DeviceIndex: 0,
    DeleteOnTermination: true,
    AssociatePublicIpAddress: !state.PrivateIPOnly && state.Connect !== "ssm",
    ...(state.SubnetId === "" ? {} : { SubnetId: state.SubnetId }),
    Groups: groupIds(state),
    ...(state.Launch?.Ipv6 === true ? { Ipv6AddressCount: 1 } : {}),
  };
}

/** docker-machine 0.16 has lists; stores of older versions have only one group. */
function groupIds({ SecurityGroupIds, SecurityGroupId }: Ec2State): string[] {
  return SecurityGroupIds.length === 0 && SecurityGroupId !== "" ? [SecurityGroupId] : [...SecurityGroupIds];
}

/** A subnet is in one zone, so that the zone is said only without one. */
function placement({
  SubnetId,
  Region,
  Zone,
  Launch: facts,
}: Ec2State): Pick<sdk.RunInstancesCommandInput, "Placement"> {
  const Placement: sdk.Placement = {
    ...(SubnetId === "" && Zone !== "" ? { AvailabilityZone: `${Region}${Zone}` } : {}),
    ...(facts === undefined || facts.Placement === "" ? {} : { GroupName: facts.Placement }),
  };
  return Object.keys(Placement).length === 0 ? {} : { Placement };
}

function spot({ SpotPrice, BlockDurationMinutes }: Ec2State): sdk.InstanceMarketOptionsRequest {
  return {
    MarketType: "spot",
    SpotOptions: {
      SpotInstanceType: "one-time",
      ...(SpotPrice === "" ? {} : { MaxPrice: SpotPrice }),
      ...(BlockDurationMinutes === 0 ? {} : { BlockDurationMinutes }),
    },
  };
}

function tagSpecifications(state: Ec2State): sdk.TagSpecification[] {
  const kinds: sdk.ResourceType[] = ["instance", "volume", "network-interface"];
  if (state.RequestSpotInstance) kinds.push("spot-instances-request");
  return kinds.map((ResourceType) => ({ ResourceType, Tags: allTags(state) }));
}

/** What all that is made for one machine is tagged with: the user's tags, and our marks. */
export function allTags(state: Readonly<Ec2State>): sdk.Tag[] {
  const all = new Map([["Name", state.MachineName], ...pairs(state.Tags), ...ownTags(state)]);
  return [...all].map(([Key, Value]) => ({ Key, Value }));
}

function ownTags({ Owner = "", MachineName, Id }: Readonly<Ec2State>): [string, string][] {
  const marks = { [tags.owner]: Owner, [tags.name]: MachineName, [tags.id]: Id };
  return Object.entries(marks).filter(([, value]) => value !== "");
}

/** `key,value,key,value`; what has no value is passed over, as docker-machine does. */
function pairs(text: string): [string, string][] {
  const parts = text.split(",");
  return parts.flatMap((key, index): [string, string][] => {
    const value = parts[index + 1];
    return index % 2 === 0 && value !== undefined ? [[key, value]] : [];
  });
}
