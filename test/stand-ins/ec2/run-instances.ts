import type * as sdk from "@aws-sdk/client-ec2";
import type { Context, Handler } from "./context.js";
import { attachDisk, type Disk, planDisks } from "./disks.js";
import { failure } from "./failure.js";
import { reservation } from "./instances.js";
import { type LaunchPlan, planLaunch } from "./launch-plan.js";
import { instanceState, launch, powerOff } from "./machine.js";
import { type Machine, newId } from "./region.js";
import { tagsAtBirth } from "./tags.js";

export const RunInstances: Handler<sdk.RunInstancesRequest, sdk.Reservation> = (context, input) => {
  const { region } = context;
  const token = input.ClientToken;
  const parameters = JSON.stringify({ ...input, ClientToken: undefined, DryRun: undefined });
  const earlier = token === undefined ? undefined : region.launches.get(token);
  if (earlier !== undefined) {
    if (earlier.parameters !== parameters) {
      throw failure(
        "IdempotentParameterMismatch",
        `The request uses the same client token as a previous, but non-identical request. Do not reuse a client token.`,
      );
    }
    return () => reservation(region, earlier.reservationId, region.machines);
  }
  const plan = planLaunch(region, input);
  const launching: Launching = {
    context,
    input,
    plan,
    disks: planDisks(plan.image, input.BlockDeviceMappings),
    tags: planTags(input),
    reservationId: newId("r"),
  };
  return () => {
    if (token !== undefined) region.launches.set(token, { parameters, reservationId: launching.reservationId });
    const count = input.MaxCount ?? 1;
    const machines = Array.from({ length: count }, (_, index) => newMachine(launching, index));
    const answer = structuredClone(reservation(region, launching.reservationId, machines));
    for (const machine of machines) launch(context, machine);
    return answer;
  };
};

interface Launching {
  readonly context: Context;
  readonly input: sdk.RunInstancesRequest;
  readonly plan: LaunchPlan;
  readonly disks: readonly Disk[];
  readonly tags: (type: sdk.ResourceType) => sdk.Tag[];
  readonly reservationId: string;
}

/** A spot request can only be tagged when there is to be one. */
function planTags({ TagSpecifications: wanted, InstanceMarketOptions: market }: sdk.RunInstancesRequest) {
  const plain: readonly sdk.ResourceType[] = ["instance", "volume", "network-interface", "elastic-gpu"];
  const allowed = market?.MarketType === "spot" ? [...plain, "spot-instances-request" as const] : plain;
  const tags = (type: sdk.ResourceType): sdk.Tag[] => tagsAtBirth(wanted, type, allowed);
  for (const type of allowed) tags(type);
  return tags;
}

function newMachine(launching: Launching, index: number): Machine {
  const { context, input, plan, tags, reservationId } = launching;
  const id = newId("i");
  const interfaceId = newId("eni");
  const machine: Machine = {
    id,
    reservationId,
    instance: newInstance(launching, { id, interfaceId, index }),
    launch: {
      id,
      user: plan.image.user,
      userData: plan.userData,
      publicKey: plan.keyPair?.PublicKey,
      poweredOff: () => {
        powerOff(context, machine);
      },
    },
    public: plan.public,
    onShutdown: input.InstanceInitiatedShutdownBehavior ?? "stop",
    protected: input.DisableApiTermination ?? false,
    interfaces: [{ NetworkInterfaceId: interfaceId, Tags: tags("network-interface") }],
    console: "",
    work: Promise.resolve(),
  };
  context.region.machines.push(machine);
  return machine;
}

function newInstance(
  launching: Launching,
  { id, interfaceId, index }: { readonly id: string; readonly interfaceId: string; readonly index: number },
): sdk.Instance {
  const { context, input, plan, disks, tags } = launching;
  const { image, subnet } = plan;
  const zone = subnet.AvailabilityZone;
  const groups = plan.groups.map(({ GroupId, GroupName }) => ({ GroupId, GroupName }));
  const profile = input.IamInstanceProfile;
  const request = spotRequest(launching, id);
  return {
    InstanceId: id,
    ImageId: image.ImageId,
    State: instanceState("pending"),
    PrivateDnsName: "",
    PublicDnsName: "",
    KeyName: plan.keyPair?.KeyName,
    AmiLaunchIndex: index,
    ClientToken: input.ClientToken ?? "",
    InstanceType: plan.type.InstanceType,
    LaunchTime: new Date(),
    Placement: { AvailabilityZone: zone, GroupName: "", Tenancy: input.Placement?.Tenancy ?? "default" },
    Monitoring: { State: input.Monitoring?.Enabled ? "pending" : "disabled" },
    SubnetId: subnet.SubnetId,
    VpcId: subnet.VpcId,
    Architecture: image.Architecture,
    RootDeviceType: "ebs",
    RootDeviceName: image.RootDeviceName,
    VirtualizationType: "hvm",
    // Also of instances on Nitro.
    Hypervisor: "xen",
    EbsOptimized: input.EbsOptimized ?? false,
    EnaSupport: true,
    BlockDeviceMappings: disks.map((disk) =>
      attachDisk(context.region, disk, { instanceId: id, zone, tags: tags("volume") }),
    ),
    SecurityGroups: groups,
    NetworkInterfaces: [networkInterface(plan, { id: interfaceId, account: context.region.account })],
    ...(plan.ipv6 > 0 ? { Ipv6Address: `2001:db8::${id.slice(-4)}` } : {}),
    MetadataOptions: {
      State: "applied",
      HttpTokens: input.MetadataOptions?.HttpTokens ?? "optional",
      HttpEndpoint: input.MetadataOptions?.HttpEndpoint ?? "enabled",
      HttpPutResponseHopLimit: input.MetadataOptions?.HttpPutResponseHopLimit ?? 1,
    },
    HibernationOptions: { Configured: input.HibernationOptions?.Configured ?? false },
    ...(profile === undefined
      ? {}
      : {
          IamInstanceProfile: { Arn: `arn:aws:iam::${context.region.account}:instance-profile/machine`, Id: "AIPA1" },
        }),
    ...(request === undefined ? {} : { InstanceLifecycle: "spot", SpotInstanceRequestId: request }),
    Tags: tags("instance"),
  };
}

function networkInterface(plan: LaunchPlan, { id, account }: { readonly id: string; readonly account: string }) {
  return {
    NetworkInterfaceId: id,
    OwnerId: account,
    SubnetId: plan.subnet.SubnetId,
    VpcId: plan.subnet.VpcId,
    Status: "in-use" as const,
    Groups: plan.groups.map(({ GroupId, GroupName }) => ({ GroupId, GroupName })),
    Attachment: { DeviceIndex: 0, DeleteOnTermination: true, Status: "attached" as const },
  };
}

/** Makes the spot request of an instance that asks for one, already fulfilled. */
function spotRequest({ context, input, plan, tags }: Launching, instanceId: string): string | undefined {
  const market = input.InstanceMarketOptions;
  if (market?.MarketType !== "spot") return undefined;
  const id = newId("sir");
  context.region.spotRequests.push({
    SpotInstanceRequestId: id,
    InstanceId: instanceId,
    CreateTime: new Date(),
    LaunchedAvailabilityZone: plan.subnet.AvailabilityZone,
    BlockDurationMinutes: market.SpotOptions?.BlockDurationMinutes,
    SpotPrice: market.SpotOptions?.MaxPrice ?? "0.010000",
    State: "active",
    Status: { Code: "fulfilled", Message: "Your spot request is fulfilled." },
    Type: market.SpotOptions?.SpotInstanceType ?? "one-time",
    Tags: tags("spot-instances-request"),
  });
  return id;
}
