import {
  bootIdOf,
  isMachineError,
  MachineError,
  poll,
  type Inspection,
  type Io,
  type Machine,
  type Status,
} from "../../src/driver/index.js";
import { accessOf, usesPrivateAddress } from "./access.js";
import { checkAccount, isAnotherAccount } from "./api/account.js";
import type { Ec2 } from "./api/calls.js";
import { codeOf, hintOn } from "./api/failure.js";
import { idFilter, instanceOf, instances, isFresh, isGone, type Ec2Instance } from "./instance/find-instance.js";
import { readMachine, type Ec2State } from "./state.js";

type Ec2Machine = Machine<Ec2State>;
type Changes = Partial<Ec2State>;

/** @throws MachineError `failed` where the credentials are those of another account */
export async function inspectInstance(ec2: Ec2, { name, state }: Ec2Machine, io: Io): Promise<Inspection<Ec2State>> {
  const found = await instanceOf(ec2, state);
  if (found !== undefined) return inspectionOf(state, found);
  if (isFresh(state, io)) return { status: "starting" };
  await checkAccount(ec2, name, state);
  return { status: "missing" };
}

/**
 * The same for many machines: one call for each region, account and page. A machine that cannot be told of is left out,
 * e.g. because the credentials are those of another account: {@link inspectInstance} says why.
 * @param open opens EC2 as a machine's state says
 * @throws the first failure where nothing can be told of any machine
 */
export async function inspectInstances(
  machines: readonly Machine[],
  io: Io,
  open: (state: Ec2State) => Promise<Ec2>,
): Promise<ReadonlyMap<string, Inspection<Ec2State>>> {
  const groups = new Map<string, Ec2Machine[]>();
  const inspections = new Map<string, Inspection<Ec2State>>();
  for (const machine of machines.flatMap(sound)) {
    const key = placeOf(machine.state);
    if (machine.state.InstanceId === "") inspections.set(machine.name, { status: "missing" });
    else groups.set(key, [...(groups.get(key) ?? []), machine]);
  }
  const asked = await Promise.allSettled(
    [...groups.values()].map(async (group) => {
      const ec2 = await open((group[0] as Ec2Machine).state);
      for (const [name, inspection] of await inspectGroup(ec2, group, io)) inspections.set(name, inspection);
    }),
  );
  const failed = asked.find((one) => one.status === "rejected");
  if (failed !== undefined && inspections.size === 0) throw failed.reason;
  return inspections;
}

/** None, where its config.json is broken. */
function sound(machine: Machine): Ec2Machine[] {
  try {
    return [readMachine(machine)];
  } catch (error) {
    if (isMachineError(error)) return [];
    throw error;
  }
}

/** Where the machine's EC2 is, and who asks it. */
function placeOf({ Region, Endpoint, DisableSSL, Profile, AccessKey, SecretKey, SessionToken }: Ec2State): string {
  return JSON.stringify([Region, Endpoint, DisableSSL, Profile ?? "", AccessKey, SecretKey, SessionToken]);
}

async function inspectGroup(ec2: Ec2, group: readonly Ec2Machine[], io: Io): Promise<[string, Inspection<Ec2State>][]> {
  const ids = group.map(({ state }) => state.InstanceId);
  const byId = new Map<string | undefined, Ec2Instance>();
  // A filter takes 200 values.
  for (let start = 0; start < ids.length; start += 200) {
    for (const found of await instances(ec2, [idFilter(ids.slice(start, start + 200))]))
      byId.set(found.InstanceId, found);
  }
  const inspected: [string, Inspection<Ec2State>][] = [];
  for (const { name, state } of group) {
    const found = byId.get(state.InstanceId);
    if (found !== undefined) inspected.push([name, inspectionOf(state, found)]);
    else if (isFresh(state, io)) inspected.push([name, { status: "starting" }]);
  }
  const others = group.filter(({ name }) => !inspected.some(([known]) => known === name));
  if (others.length === 0) return inspected;
  const isAnother = await isAnotherAccount(ec2);
  const missing = others.filter(({ state }) => state.Account === undefined || !isAnother(state.Account));
  return [...inspected, ...missing.map(({ name }): [string, Inspection<Ec2State>] => [name, { status: "missing" }])];
}

/** What EC2 calls an instance's state, in our words. */
const statuses: Readonly<Record<string, Status>> = {
  pending: "starting",
  running: "running",
  "shutting-down": "stopping",
  stopping: "stopping",
  stopped: "stopped",
  terminated: "missing",
};

function inspectionOf(state: Ec2State, found: Ec2Instance): Inspection<Ec2State> {
  const changes = addressChanges(state, found);
  const status = statuses[found.State?.Name ?? ""] ?? "error";
  return { status, ...(Object.keys(changes).length === 0 ? {} : { state: changes }) };
}

/** What is new of the addresses. A stopped instance has no public one: the last one is kept until there is another. */
function addressChanges(state: Ec2State, found: Ec2Instance): Changes {
  const [IPAddress, PrivateIPAddress] = [addressOf(state, found), found.PrivateIpAddress];
  return {
    ...(IPAddress === undefined || IPAddress === state.IPAddress ? {} : { IPAddress }),
    ...(PrivateIPAddress === undefined || PrivateIPAddress === state.PrivateIPAddress ? {} : { PrivateIPAddress }),
  };
}

/** The address by which the instance is reached. */
function addressOf(state: Ec2State, found: Ec2Instance): string | undefined {
  if (usesPrivateAddress(state)) return found.PrivateIpAddress;
  return found.PublicIpAddress ?? (found.PrivateIpAddress === undefined ? found.Ipv6Address : undefined);
}

/** Waits until the instance runs and has its address. @throws MachineError `failed` with EC2's reason where it has ended */
export async function waitForAddress(ec2: Ec2, { name, state }: Ec2Machine, io: Io): Promise<Changes> {
  const hint = "--amazonec2-use-private-address is for instances without a public address";
  const begin = io.now();
  return poll(io, `the address of ${name}`, { every: 2_000, limit: 300_000, hint }, async () => {
    const found = await instanceOf(ec2, state);
    if (found === undefined) return undefined;
    const { State: { Name: is = "" } = {}, StateReason: { Code: reason = "", Message: why = "" } = {} } = found;
    // A start that fails leaves it stopped. For a moment that may be shown of the time before.
    const hasStopped = is === "stopped" && failedStart.test(reason) && io.now() - begin >= 20_000;
    if (isGone(found) || hasStopped) {
      const end = hasStopped ? "stopped again" : "ended";
      throw new MachineError("failed", `${name}: its instance has ${end}: ${why || is}`, { hint: hintOn(reason) });
    }
    return is === "running" && addressOf(state, found) !== undefined ? addressChanges(state, found) : undefined;
  });
}

/** Reasons of a stop that nobody has asked for. */
const failedStart =
  /^(Client|Server)\.(InternalError|InsufficientInstanceCapacity|InvalidSnapshot|VolumeLimitExceeded)/;

/** Starts the instance, once it has stopped where it is about to. */
export async function startInstance(ec2: Ec2, machine: Ec2Machine, io: Io): Promise<Changes> {
  const { name, state } = machine;
  await poll(io, `${name} to be stopped`, { every: 3_000, limit: 300_000 }, async () => {
    try {
      return await onInstance(ec2, machine, io, (id) => ec2.call("StartInstances", { InstanceIds: [id] }));
    } catch (error) {
      if (codeOf(error) !== "IncorrectInstanceState") throw error;
      if ((await instanceOf(ec2, state))?.State?.Name === "stopping") return undefined;
      throw error;
    }
  });
  // The old address may be shown for a moment; what is not running yet is waited for.
  return waitForAddress(ec2, machine, io);
}

/** @param Force without a regular shutdown, as for an instance that hangs */
export async function stopInstance(
  ec2: Ec2,
  machine: Ec2Machine,
  io: Io,
  { Force }: { readonly Force: boolean },
): Promise<void> {
  const Hibernate = !Force && machine.state.Launch?.Hibernation === true;
  const options = { ...(Force ? { Force } : {}), ...(Hibernate ? { Hibernate } : {}) };
  await onInstance(ec2, machine, io, (id) => ec2.call("StopInstances", { InstanceIds: [id], ...options }));
}

/**
 * Reboots the instance, and waits until another boot of it answers, where this one does. EC2 forces one that does not go
 * down after some minutes; what another endpoint does nobody knows, so that a host which goes on as it was is told of.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RebootInstances.html
 */
export async function rebootInstance(ec2: Ec2, machine: Ec2Machine, io: Io): Promise<void> {
  const { name, state } = machine;
  const { shell } = accessOf(state);
  const bootId = async (): Promise<string | undefined> => shell && bootIdOf(io, shell);
  const before = await bootId();
  await onInstance(ec2, machine, io, (id) => ec2.call("RebootInstances", { InstanceIds: [id] }));
  if (before === undefined) return;
  const hint = `look at its console: aws ec2 get-console-output --instance-id ${state.InstanceId}`;
  const end = io.now() + 60_000;
  await poll(io, `${name} to come up again`, { every: 3_000, limit: 300_000, hint }, async () => {
    const now = await bootId();
    if (now !== before) return now === undefined ? undefined : true;
    if (state.Endpoint === "" || io.now() < end) return undefined;
    io.notice(`${state.Endpoint} has taken the call, but ${name} has not gone down: it goes on as it was`);
    return true;
  });
}

/** Does something with an instance that is there; not every part of EC2 knows at once what another one has shown. */
async function onInstance<T>(ec2: Ec2, machine: Ec2Machine, io: Io, act: (id: string) => Promise<T>): Promise<T> {
  return poll(io, `EC2 to know ${machine.name}`, { every: 2_000, limit: 60_000 }, async () => {
    const id = await idOf(ec2, machine);
    return act(id).catch((error: unknown) => {
      if (codeOf(error) === "InvalidInstanceID.NotFound") return undefined;
      throw error;
    });
  });
}

/**
 * The id of an instance that is there. EC2 shows one that has ended for another hour, and lets it be rebooted.
 * @throws MachineError `not-found`; `failed` for another account's credentials
 */
async function idOf(ec2: Ec2, { name, state }: Ec2Machine): Promise<string> {
  const found = state.InstanceId === "" ? undefined : await instanceOf(ec2, state);
  if (found?.InstanceId !== undefined && !isGone(found)) return found.InstanceId;
  if (found === undefined) await checkAccount(ec2, name, state);
  throw new MachineError("not-found", `${name}: its instance ${state.InstanceId} does not exist any more`, {
    hint: `machine rm ${name}`,
  });
}
