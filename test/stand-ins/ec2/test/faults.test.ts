import { expect, test } from "vitest";
import { fakeLauncher } from "../launcher.js";
import { clientOf, errorOf, instanceOf, launch, run, stands } from "./stand.js";

const fresh = stands();

test("an ordered error meets so many calls, of its action and parameters only", async () => {
  const { stand, ec2 } = await fresh();
  stand.order({ action: "DescribeVpcs", error: "RequestLimitExceeded", times: 2 });
  expect(await errorOf(ec2.describeSubnets({}))).toBe("");
  expect(await errorOf(ec2.describeVpcs({}))).toBe("RequestLimitExceeded 503");
  expect(await errorOf(ec2.describeVpcs({}))).toBe("RequestLimitExceeded 503");
  expect(await errorOf(ec2.describeVpcs({}))).toBe("");
  stand.order({ action: "RunInstances", where: { InstanceType: "t3.micro" }, error: "InsufficientInstanceCapacity" });
  expect(await errorOf(ec2.runInstances(launch))).toBe("");
  const micro = { ...launch, InstanceType: "t3.micro" as const };
  expect(await errorOf(ec2.runInstances(micro))).toBe("InsufficientInstanceCapacity 500");
  stand.order({ action: "*", after: 1, error: "InternalError" });
  expect([await errorOf(ec2.describeVpcs({})), await errorOf(ec2.describeVpcs({}))]).toEqual(["", "InternalError 500"]);
});

test("what was just made may not be seen by some calls", async () => {
  const { stand, ec2 } = await fresh();
  const id = await run(stand, ec2);
  stand.order({ action: "DescribeInstances", blind: true, times: 3 });
  expect(await errorOf(instanceOf(ec2, id))).toBe("InvalidInstanceID.NotFound 400");
  expect(await errorOf(instanceOf(ec2, id))).toBe("InvalidInstanceID.NotFound 400");
  const Filters = [{ Name: "instance-id", Values: [id] }];
  expect((await ec2.describeInstances({ Filters })).Reservations).toEqual([]);
  expect((await ec2.describeInstances({ Filters })).Reservations).toHaveLength(1);
  expect((await instanceOf(ec2, id))?.InstanceId).toBe(id);
});

test("an answer that is lost after the launch leaves an instance, which the same token finds", async () => {
  const { stand, ec2 } = await fresh();
  stand.order({ action: "RunInstances", drop: "before" });
  expect(await errorOf(run(stand, ec2, { ClientToken: "once" }))).not.toBe("");
  expect(stand.instances()).toHaveLength(0);
  stand.order({ action: "RunInstances", drop: "after" });
  expect(await errorOf(run(stand, ec2, { ClientToken: "once" }))).not.toBe("");
  expect(stand.instances()).toHaveLength(1);
  expect(await run(stand, ec2, { ClientToken: "once" })).toBe(stand.instances()[0]?.id);
});

test("the SDK's own retries get through throttling and cut connections", async () => {
  const { stand } = await fresh();
  stand.order({ action: "DescribeVpcs", error: "RequestLimitExceeded" });
  stand.order({ action: "DescribeVpcs", drop: "before" });
  const patient = clientOf(stand, { maxAttempts: 3 });
  expect((await patient.describeVpcs({})).Vpcs).toHaveLength(2);
  expect(stand.calls).toHaveLength(3);
});

test("a dry run says whether the call would succeed or is not permitted, and does nothing", async () => {
  const { stand, ec2 } = await fresh();
  const DryRun = true;
  expect(await errorOf(ec2.runInstances({ ...launch, DryRun }))).toBe("DryRunOperation 412");
  expect(await errorOf(ec2.runInstances({ ...launch, DryRun, KeyName: "none" }))).toBe("InvalidKeyPair.NotFound 400");
  expect(await errorOf(ec2.createSecurityGroup({ GroupName: "g", Description: "d", DryRun }))).toBe(
    "DryRunOperation 412",
  );
  expect(await errorOf(ec2.describeInstances({ DryRun }))).toBe("DryRunOperation 412");
  stand.order({ action: "RunInstances", error: "UnauthorizedOperation", times: Infinity });
  expect(await errorOf(ec2.runInstances({ ...launch, DryRun }))).toBe("UnauthorizedOperation 403");
  expect(await errorOf(ec2.runInstances(launch))).toBe("UnauthorizedOperation 403");
  expect([stand.instances(), stand.region("us-east-1").groups.length]).toEqual([[], 2]);
});

test("a start can be slow, or end the instance with a reason", async () => {
  const { stand, ec2 } = await fresh();
  stand.order({ action: "RunInstances", pendingMs: 300 });
  const { Instances = [] } = await ec2.runInstances(launch);
  const id = Instances[0]?.InstanceId ?? "";
  expect((await instanceOf(ec2, id))?.State?.Name).toBe("pending");
  await stand.settled();
  expect((await instanceOf(ec2, id))?.State?.Name).toBe("running");
  stand.order({ action: "RunInstances", dies: "Server.InternalError: Internal error on launch" });
  expect(await instanceOf(ec2, await run(stand, ec2))).toMatchObject({
    State: { Name: "terminated" },
    StateReason: { Code: "Server.InternalError" },
  });
});

test("an instance terminated while it is pending never runs, and one that cannot be launched ends", async () => {
  const ended: string[] = [];
  const broken = {
    ...fakeLauncher(),
    launch: () => Promise.reject(new Error("no disk")),
    terminate: (id: string) => Promise.resolve(void ended.push(id)),
  };
  const { stand, ec2 } = await fresh({ launcher: broken });
  const id = await run(stand, ec2);
  expect((await instanceOf(ec2, id))?.StateReason?.Message).toBe("Server.InternalError: no disk");

  stand.order({ action: "RunInstances", pendingMs: 100 });
  const { Instances = [] } = await ec2.runInstances(launch);
  const early = Instances[0]?.InstanceId ?? "";
  await ec2.terminateInstances({ InstanceIds: [early] });
  await stand.settled();
  expect((await instanceOf(ec2, early))?.StateReason?.Code).toBe("Client.UserInitiatedShutdown");
  expect(ended).toEqual([early]);
});
