import type * as sdk from "@aws-sdk/client-ec2";
import { types } from "./catalogue.js";
import type { Handler } from "./context.js";
import { failure } from "./failure.js";
import { instanceState, reboot, start, stateOf, type StateName, stop, terminate } from "./machine.js";
import type { Machine, Region } from "./region.js";
import { byIds, type Filters, filtered, page } from "./select.js";

export const DescribeInstances: Handler<sdk.DescribeInstancesRequest, sdk.DescribeInstancesResult> =
  ({ region }, input) =>
  () => {
    const named = input.InstanceIds?.length ? machinesOf(region, input.InstanceIds) : region.machines;
    const instances = filtered(
      named.map(({ instance }) => instance),
      input.Filters,
      filters,
    );
    const { items, ...next } = page(instances, input, input.InstanceIds);
    const machines = items.flatMap((instance) => region.machines.filter((machine) => machine.instance === instance));
    const reservations = [...new Set(machines.map(({ reservationId }) => reservationId))];
    return { Reservations: reservations.map((id) => reservation(region, id, machines)), ...next };
  };

export function reservation(region: Region, id: string, machines: readonly Machine[]): sdk.Reservation {
  const instances = machines.filter(({ reservationId }) => reservationId === id).map(({ instance }) => instance);
  return { ReservationId: id, OwnerId: region.account, Groups: [], Instances: instances };
}

const filters: Filters<sdk.Instance> = {
  architecture: ({ Architecture }) => [Architecture],
  "availability-zone": ({ Placement }) => [Placement?.AvailabilityZone],
  "client-token": ({ ClientToken }) => [ClientToken],
  "dns-name": ({ PublicDnsName }) => [PublicDnsName],
  "image-id": ({ ImageId }) => [ImageId],
  "instance-id": ({ InstanceId }) => [InstanceId],
  "instance-lifecycle": ({ InstanceLifecycle }) => [InstanceLifecycle],
  "instance-state-code": ({ State }) => [State?.Code],
  "instance-state-name": ({ State }) => [State?.Name],
  "instance-type": ({ InstanceType }) => [InstanceType],
  "instance.group-id": ({ SecurityGroups = [] }) => SecurityGroups.map(({ GroupId }) => GroupId),
  "instance.group-name": ({ SecurityGroups = [] }) => SecurityGroups.map(({ GroupName }) => GroupName),
  "ip-address": ({ PublicIpAddress }) => [PublicIpAddress],
  "key-name": ({ KeyName }) => [KeyName],
  "private-ip-address": ({ PrivateIpAddress }) => [PrivateIpAddress],
  "spot-instance-request-id": ({ SpotInstanceRequestId }) => [SpotInstanceRequestId],
  "subnet-id": ({ SubnetId }) => [SubnetId],
  "vpc-id": ({ VpcId }) => [VpcId],
};

export function machinesOf(region: Region, ids: readonly string[]): Machine[] {
  return byIds(region.machines, ids, ({ id }) => id, {
    prefix: "i",
    what: "instance ID",
    malformed: "InvalidInstanceID.Malformed",
    notFound: "InvalidInstanceID.NotFound",
  });
}

export const StartInstances: Handler<sdk.StartInstancesRequest, sdk.StartInstancesResult> = (context, input) => {
  const machines = machinesOf(context.region, input.InstanceIds ?? []);
  expectState(machines, ["stopped", "pending", "running"], "started");
  return () => ({
    StartingInstances: changes(machines, (machine) => {
      start(context, machine);
    }),
  });
};

export const StopInstances: Handler<sdk.StopInstancesRequest, sdk.StopInstancesResult> = (context, input) => {
  const machines = machinesOf(context.region, input.InstanceIds ?? []);
  expectState(machines, ["running", "stopping", "stopped"], "stopped");
  const spot = machines.find(({ instance }) => isOneTimeSpot(context.region, instance));
  if (spot !== undefined) {
    throw failure(
      "UnsupportedOperation",
      `You can't stop the Spot Instance '${spot.id}' because it is associated with a one-time Spot Instance request. ` +
        "You can only stop Spot Instances associated with persistent Spot Instance requests.",
    );
  }
  return () => ({
    StoppingInstances: changes(machines, (machine) => {
      stop(context, machine);
    }),
  });
};

function isOneTimeSpot(region: Region, { SpotInstanceRequestId: id }: sdk.Instance): boolean {
  return region.spotRequests.some((request) => request.SpotInstanceRequestId === id && request.Type === "one-time");
}

export const RebootInstances: Handler<sdk.RebootInstancesRequest, object> = (context, input) => {
  const machines = machinesOf(context.region, input.InstanceIds ?? []);
  expectState(machines, ["pending", "running"], "rebooted");
  return () => {
    for (const machine of machines) reboot(context, machine);
    return {};
  };
};

export const TerminateInstances: Handler<sdk.TerminateInstancesRequest, sdk.TerminateInstancesResult> = (
  context,
  input,
) => {
  const machines = machinesOf(context.region, input.InstanceIds ?? []);
  const kept = machines.find((machine) => machine.protected && stateOf(machine) !== "terminated");
  if (kept !== undefined) {
    throw failure(
      "OperationNotPermitted",
      `The instance '${kept.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    );
  }
  return () => ({
    TerminatingInstances: changes(machines, (machine) => {
      terminate(context, machine);
    }),
  });
};

export const GetConsoleOutput: Handler<sdk.GetConsoleOutputRequest, sdk.GetConsoleOutputResult> =
  ({ region }, { InstanceId = "", Latest }) =>
  () => {
    const [machine] = machinesOf(region, [InstanceId]);
    const type = types.find(({ InstanceType }) => InstanceType === machine?.instance.InstanceType);
    if (Latest && type?.Hypervisor !== "nitro") {
      throw failure("UnsupportedOperation", "This instance type does not support retrieving the latest console logs.");
    }
    const output = Buffer.from(machine?.console ?? "").toString("base64");
    return { InstanceId, Timestamp: new Date(), ...(output === "" ? {} : { Output: output }) };
  };

function expectState(machines: readonly Machine[], allowed: readonly StateName[], verb: string): void {
  const wrong = machines.find((machine) => !allowed.includes(stateOf(machine)));
  if (wrong === undefined) return;
  throw failure("IncorrectInstanceState", `The instance '${wrong.id}' is not in a state from which it can be ${verb}.`);
}

function changes(machines: readonly Machine[], change: (machine: Machine) => void): sdk.InstanceStateChange[] {
  return machines.map((machine) => {
    const before = instanceState(stateOf(machine));
    change(machine);
    return { InstanceId: machine.id, PreviousState: before, CurrentState: instanceState(stateOf(machine)) };
  });
}
