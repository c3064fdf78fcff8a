import type { _InstanceType, RunInstancesCommandInput } from "@aws-sdk/client-ec2";
import { MachineError, type Io, type MachinePlan } from "../../src/driver/index.js";
import { checkOptions, commas, privateKey, userDataFile } from "./check-options.js";
import { openEc2, type Ec2Settings } from "./api/client.js";
import type { Ec2 } from "./api/calls.js";
import { asPrecheck, codeOf, lacksCapacity } from "./api/failure.js";
import { accountOf } from "./api/account.js";
import { settingsOf } from "./api/settings.js";
import { findImage, type Ami } from "./instance/ami.js";
import { runInput } from "./instance/launch.js";
import { userData } from "./instance/user-data.js";
import { findNetwork, type VpcSubnets } from "./network/subnets.js";
import { defaultRootSize, type Ec2Options } from "./options.js";
import type { Ec2State } from "./state.js";

/**
 * Checks what was asked for, by itself and with EC2, up to a dry run of the launch, which tells of every permission and
 * parameter that it needs. Of the secrets nothing is in the state.
 * @throws MachineError `usage` for options that do not fit, `precheck` for what EC2 has not or does not allow, both in
 * docker-machine's words where it has some
 */
export async function planEc2(given: Ec2Options, machine: MachinePlan, io: Io): Promise<Ec2State> {
  checkOptions(given, io.notice);
  const settings = await settingsOf(given, io);
  if (given.connect === "ssm") await checkSessionManager(io);
  const files = { privateKey: await privateKey(given, io), userData: await userDataFile(given, io) };
  const ec2 = await openEc2(settings, io);
  return planLaunch(ec2, { given, settings, files }, machine);
}

/** What is known before EC2 is asked. */
export interface Prepared {
  readonly given: Ec2Options;
  readonly settings: Ec2Settings;
  /** Absolute paths; empty: none. */
  readonly files: { readonly privateKey: string; readonly userData: string };
}

/** The part of {@link planEc2} that asks EC2. */
export function planLaunch(ec2: Ec2, prepared: Prepared, machine: MachinePlan): Promise<Ec2State> {
  return askEc2(ec2, prepared, machine).catch((error: unknown) => {
    throw asPrecheck(error);
  });
}

async function askEc2(ec2: Ec2, prepared: Prepared, machine: MachinePlan): Promise<Ec2State> {
  const { given, settings } = prepared;
  const types = commas(given.instanceType);
  const architectures = await architecturesOf(ec2, types);
  const image = await findImage(ec2, given.ami, architectures, settings.Region);
  checkImage(given, image, architectures);
  const network = await findNetwork(ec2, {
    region: settings.Region,
    vpc: given.vpcId,
    subnets: commas(given.subnetId),
    zones: commas(given.zone),
    ipv6: given.ipv6,
    isPublic: !given.privateAddressOnly && given.connect === "address",
  });
  const Account = await accountOf(ec2);
  const state = { ...asState(prepared, machine, image, network, types), Account };
  await userData(state);
  await tryLaunch(ec2, state);
  return { ...state, Owner: await machine.storeId() };
}

async function checkSessionManager(io: Io): Promise<void> {
  for (const program of ["aws", "session-manager-plugin"]) {
    await io.run(program, ["--version"]).catch((cause: unknown) => {
      throw new MachineError("precheck", `--amazonec2-connect ssm needs the program ${program}, which does not run`, {
        hint: "install the AWS CLI and the Session Manager plugin, or take --amazonec2-connect address",
        cause,
      });
    });
  }
}

/** Those that every one of the types can run, since they share one image. */
async function architecturesOf(ec2: Ec2, types: readonly string[]): Promise<readonly string[]> {
  const { InstanceTypes = [] } = await ec2.call("DescribeInstanceTypes", { InstanceTypes: types as _InstanceType[] });
  const each = InstanceTypes.map(({ ProcessorInfo }): readonly string[] => ProcessorInfo?.SupportedArchitectures ?? []);
  const common = (each[0] ?? []).filter((one) => each.every((some) => some.includes(one)));
  if (common.length > 0) return common;
  throw new MachineError("usage", `--amazonec2-instance-type ${types.join(",")}: no image runs on all of them`, {
    hint: "name types of one architecture",
  });
}

function checkImage(given: Ec2Options, image: Ami, architectures: readonly string[]): void {
  if (image.Architecture !== "" && !architectures.includes(image.Architecture)) {
    throw new MachineError(
      "usage",
      `${image.ImageId} is for ${image.Architecture}, ${given.instanceType} for ${architectures.join(" and ")}`,
      { hint: "see --amazonec2-ami and --amazonec2-instance-type" },
    );
  }
  if (image.RootDeviceName === "" && given.deviceName === "") {
    throw new MachineError("usage", `nothing tells the root device of ${image.ImageId}`, {
      hint: "--amazonec2-device-name /dev/sda1 or /dev/xvda, and --amazonec2-ssh-user",
    });
  }
}

/** GiB: the image's own where it is more than the default. @throws MachineError `usage` for a root that it does not fit on */
function rootSizeFor({ rootSize }: Ec2Options, image: Ami): number {
  if (rootSize >= image.size) return rootSize;
  if (rootSize === defaultRootSize) return image.size;
  throw new MachineError("usage", `--amazonec2-root-size must be at least ${String(image.size)} for ${image.ImageId}`);
}

/** docker-machine's own user where the image is of no family that is known. */
const user = "ubuntu";

function asState(
  { given, settings, files }: Prepared,
  { common, ttl, transport }: MachinePlan,
  image: Ami,
  { vpc, places }: VpcSubnets,
  types: readonly string[],
): Omit<Ec2State, "Account" | "Owner"> {
  const Fallbacks = types.flatMap((InstanceType) => places.map((place) => ({ InstanceType, ...place })));
  return {
    ...common,
    SSHUser: given.sshUser || image.user || user,
    SSHPort: given.sshPort,
    Id: crypto.randomUUID().replaceAll("-", ""),
    AccessKey: "",
    SecretKey: "",
    SessionToken: "",
    Region: settings.Region,
    AMI: image.ImageId,
    SSHKeyID: 0,
    ExistingKey: given.keypairName !== "",
    KeyName: given.keypairName,
    InstanceId: "",
    InstanceType: types[0] ?? "",
    PrivateIPAddress: "",
    SecurityGroupId: "",
    SecurityGroupIds: [],
    SecurityGroupName: "",
    SecurityGroupNames: given.securityGroup,
    SecurityGroupReadOnly: given.securityGroupReadonly,
    OpenPorts: given.openPort,
    Tags: given.tags,
    ReservationId: "",
    DeviceName: given.deviceName || image.RootDeviceName,
    RootSize: rootSizeFor(given, image),
    VolumeType: given.volumeType,
    IamInstanceProfile: given.iamInstanceProfile,
    VpcId: vpc,
    SubnetId: places[0]?.SubnetId ?? "",
    Zone: places[0]?.Zone ?? "",
    RequestSpotInstance: given.requestSpotInstance,
    SpotPrice: given.spotPrice,
    BlockDurationMinutes: given.blockDurationMinutes,
    PrivateIPOnly: given.privateAddressOnly,
    UsePrivateIP: given.usePrivateAddress,
    UseEbsOptimizedInstance: given.useEbsOptimizedInstance,
    Monitoring: given.monitoring,
    SSHPrivateKeyPath: files.privateKey,
    RetryCount: settings.RetryCount,
    Endpoint: settings.Endpoint,
    DisableSSL: settings.DisableSSL,
    UserDataFile: files.userData,
    Profile: settings.Profile ?? "",
    ClientToken: crypto.randomUUID(),
    HostKey: "",
    Connect: given.connect,
    HasNoEnginePort: transport === "ssh",
    IngressCidrs: given.ingressCidr,
    Fallbacks,
    Launch: {
      Ipv6: given.ipv6,
      Placement: given.placementGroup,
      Credits: given.credits ?? "",
      Hibernation: given.hibernation,
      TerminateOnShutdown: ttl !== undefined,
      KmsKey: given.kmsKeyId,
    },
  };
}

/**
 * Lets EC2 check the launch, with a token of its own. A type or zone without room is left to the launch, which has
 * others. An EC2 that knows no dry run and launches has its instance ended again.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
 */
async function tryLaunch(ec2: Ec2, state: Readonly<Ec2State>): Promise<void> {
  const input: RunInstancesCommandInput = { ...runInput(state), ClientToken: crypto.randomUUID(), DryRun: true };
  try {
    const { Instances = [] } = await ec2.call("RunInstances", input);
    const InstanceIds = Instances.flatMap(({ InstanceId }) => InstanceId ?? []);
    if (InstanceIds.length > 0) await ec2.call("TerminateInstances", { InstanceIds });
  } catch (error) {
    const isAllowed = codeOf(error) === "DryRunOperation";
    if (!isAllowed && !(lacksCapacity(error) && (state.Fallbacks ?? []).length > 1)) throw error;
  }
}
