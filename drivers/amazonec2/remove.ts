import { MachineError, poll, type Io, type Machine } from "../../src/driver/index.js";
import { checkAccount } from "./api/account.js";
import type { Ec2 } from "./api/calls.js";
import { codeOf } from "./api/failure.js";
import { instanceOf, isFresh, isGone, tagOf, tags, usersOf, type Ec2Instance } from "./instance/find-instance.js";
import { deleteKeyPair } from "./instance/key-pair.js";
import { groupNames } from "./network/security-group.js";
import type { Ec2State } from "./state.js";

/** Takes away all that was made for the machine at EC2; fine where there is nothing. */
export async function removeAll(ec2: Ec2, machine: Machine<Ec2State>, io: Io): Promise<void> {
  await removeInstance(ec2, machine, io);
  await deleteKeyPair(ec2, machine.state);
  await removeGroups(ec2, machine, io);
}

/**
 * Terminates the machine's instance, also one whose launch was cut off, and cancels its spot request. Returns when it
 * is ending; fine when there is none.
 * @throws MachineError `failed` for an instance of another account or store
 */
export async function removeInstance(ec2: Ec2, { name, state }: Machine<Ec2State>, io: Io): Promise<void> {
  const found = await findInstance(ec2, name, state, io);
  if (found === undefined || isGone(found)) return;
  checkOwner(name, state, found);
  const { InstanceId = "", SpotInstanceRequestId: spot } = found;
  if (spot) {
    await unlessGone(ec2.call("CancelSpotInstanceRequests", { SpotInstanceRequestIds: [spot] }));
  }
  // It is asked for again, since EC2 may say NotFound at first.
  await poll(io, `${name} to end`, { every: 2_000, limit: 120_000 }, async () => {
    await unlessGone(ec2.call("TerminateInstances", { InstanceIds: [InstanceId] }));
    const now = await instanceOf(ec2, { ...state, InstanceId });
    return now === undefined || isGone(now) ? true : undefined;
  });
}

/**
 * One that was launched a moment ago is waited for: EC2 may not show it yet.
 * @throws MachineError `failed` where these credentials cannot see it
 */
async function findInstance(ec2: Ec2, name: string, state: Ec2State, io: Io): Promise<Ec2Instance | undefined> {
  if (state.InstanceId === "" && state.LaunchedAt === undefined) return undefined;
  const shown = await instanceOf(ec2, state);
  if (shown !== undefined) return shown;
  if (state.InstanceId !== "") await checkAccount(ec2, name, state);
  const patience = !isFresh(state, io) ? 0 : state.InstanceId === "" ? 15_000 : 60_000;
  const end = io.now() + patience;
  while (io.now() < end) {
    await io.sleep(3_000);
    const found = await instanceOf(ec2, state);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Machines of docker-machine are not marked. */
function checkOwner(name: string, { Owner }: Ec2State, found: Ec2Instance): void {
  if (Owner === undefined || tagOf(found, tags.owner) === Owner) return;
  const id = found.InstanceId ?? "";
  throw new MachineError("failed", `${name}: the instance ${id} is not marked as this store's (${tags.owner})`, {
    hint: `if it is this machine's, end it yourself: aws ec2 terminate-instances --instance-ids ${id}`,
  });
}

/**
 * Deletes the security groups that this store made, also one whose making was cut off, where no other instance uses
 * them; the machine's own is waited for. What something else still uses is left for `machine gc`.
 */
export async function removeGroups(ec2: Ec2, { state }: Machine<Ec2State>, io: Io): Promise<void> {
  if (state.Owner === undefined) return;
  const { SecurityGroups = [] } = await ec2.call("DescribeSecurityGroups", {
    Filters: [
      { Name: "vpc-id", Values: [state.VpcId] },
      { Name: "group-name", Values: groupNames(state) },
      { Name: `tag:${tags.owner}`, Values: [state.Owner] },
    ],
  });
  for (const { GroupId = "" } of SecurityGroups) await removeGroup(ec2, GroupId, state.Owner, io);
}

/** True when it is gone; false: something uses it. @param owner of the group: this store */
export async function removeGroup(ec2: Ec2, GroupId: string, owner: string, io: Io): Promise<boolean> {
  const start = io.now();
  for (;;) {
    const users = (await usersOf(ec2, [GroupId], owner)).filter(({ State }) => State?.Name !== "terminated");
    if (users.some((one) => !isGone(one))) return false;
    try {
      await unlessGone(ec2.call("DeleteSecurityGroup", { GroupId }));
      return true;
    } catch (error) {
      if (!/^(DependencyViolation|InvalidGroup\.InUse)$/.test(codeOf(error) ?? "")) throw error;
      // The network interface of an instance that is shown no more may still be there.
      if (io.now() - start >= (users.length === 0 ? 15_000 : 180_000)) return false;
    }
    await io.sleep(3_000);
  }
}

/** What EC2 does not know is gone. */
export async function unlessGone(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!/\.NotFound$/.test(codeOf(error) ?? "")) throw error;
  });
}
