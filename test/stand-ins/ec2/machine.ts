import type * as sdk from "@aws-sdk/client-ec2";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "./context.js";
import type { Machine, Region } from "./region.js";

/** Numbers of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const codes = { pending: 0, running: 16, "shutting-down": 32, terminated: 48, stopping: 64, stopped: 80 } as const;

export type StateName = keyof typeof codes;

export function stateOf({ instance }: Machine): StateName {
  return instance.State?.Name ?? "pending";
}

export function instanceState(name: StateName): sdk.InstanceState {
  return { Code: codes[name], Name: name };
}

/** A pending machine becomes running, or terminated when it cannot be launched. */
export function launch({ region, launcher, pendingMs, dies }: Context, machine: Machine): void {
  then(region, machine, async () => {
    await sleep(pendingMs);
    if (stateOf(machine) !== "pending") return;
    if (dies !== undefined) {
      end(region, machine, dies);
      return;
    }
    const { address, privateAddress, console } = await launcher.launch(machine.launch);
    machine.console = console;
    machine.instance.PrivateIpAddress = privateAddress;
    machine.instance.PrivateDnsName = `ip-${privateAddress.replaceAll(".", "-")}.ec2.internal`;
    comeUp(machine, address);
  });
}

export function start({ region, launcher, pendingMs }: Context, machine: Machine): void {
  if (stateOf(machine) === "running") return;
  setState(machine, "pending");
  then(region, machine, async () => {
    await sleep(pendingMs);
    const { address } = await launcher.start(machine.id);
    comeUp(machine, address);
  });
}

export function stop({ region, launcher }: Context, machine: Machine): void {
  if (stateOf(machine) === "stopped") return;
  setState(machine, "stopping", "Client.UserInitiatedShutdown: User initiated shutdown");
  then(region, machine, async () => {
    await launcher.stop(machine.id);
    if (stateOf(machine) !== "stopping") return;
    setAddress(machine, undefined);
    setState(machine, "stopped", machine.instance.StateReason?.Message);
  });
}

export function reboot({ region, launcher }: Context, machine: Machine): void {
  then(region, machine, () => launcher.reboot(machine.id));
}

export function terminate({ region, launcher }: Context, machine: Machine, reason = userShutdown): void {
  if (stateOf(machine) === "terminated" || stateOf(machine) === "shutting-down") return;
  setState(machine, "shutting-down", reason);
  then(region, machine, async () => {
    await launcher.terminate(machine.id);
    end(region, machine, reason);
  });
}

const userShutdown = "Client.UserInitiatedShutdown: User initiated shutdown";

/** What the instance does by itself when its system powers off. */
export function powerOff(context: Context, machine: Machine): void {
  if (stateOf(machine) !== "running") return;
  if (machine.onShutdown === "stop") stop(context, machine);
  else terminate(context, machine, "Client.InstanceInitiatedShutdown: Instance initiated shutdown");
}

/** Appends to the machine's work; when it fails, so does the instance. */
function then(region: Region, machine: Machine, work: () => Promise<void>): void {
  machine.work = machine.work.then(work).catch((error: unknown) => {
    end(region, machine, `Server.InternalError: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** Unless it was stopped or terminated meanwhile. */
function comeUp(machine: Machine, address: string): void {
  if (stateOf(machine) !== "pending") return;
  setAddress(machine, machine.public ? address : undefined);
  setState(machine, "running");
}

function setAddress({ instance }: Machine, address: string | undefined): void {
  instance.PublicIpAddress = address;
  instance.PublicDnsName = address === undefined ? "" : `ec2-${address.replaceAll(".", "-")}.compute.amazonaws.com`;
}

function setState({ instance }: Machine, name: StateName, reason?: string): void {
  instance.State = instanceState(name);
  instance.StateReason = reason === undefined ? undefined : { Code: reason.split(":")[0], Message: reason };
  instance.StateTransitionReason = reason === undefined ? "" : `User initiated (${new Date().toISOString()})`;
}

/** A terminated instance keeps little: no address, network, group nor volume. */
function end(region: Region, machine: Machine, reason: string): void {
  const { instance } = machine;
  setAddress(machine, undefined);
  setState(machine, "terminated", reason);
  region.volumes = region.volumes.filter(
    ({ Attachments = [] }) => !Attachments.some((at) => at.InstanceId === machine.id && at.DeleteOnTermination),
  );
  for (const volume of region.volumes.filter(({ Attachments = [] }) => Attachments[0]?.InstanceId === machine.id)) {
    volume.Attachments = [];
    volume.State = "available";
  }
  Object.assign(instance, {
    ...{
      PrivateIpAddress: undefined,
      PrivateDnsName: "",
      Ipv6Address: undefined,
      VpcId: undefined,
      SubnetId: undefined,
    },
    ...{ SecurityGroups: [], NetworkInterfaces: [], BlockDeviceMappings: [] },
  });
  const request = region.spotRequests.find(({ InstanceId }) => InstanceId === machine.id);
  if (request?.State === "active") {
    request.State = "closed";
    request.Status = { Code: "instance-terminated-by-user", Message: "Spot Instance terminated by user" };
  }
}
