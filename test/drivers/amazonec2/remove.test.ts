import type { Instance, SecurityGroup } from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { findResources } from "../../../drivers/amazonec2/gc/find-resources.js";
import { removeAll } from "../../../drivers/amazonec2/remove.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { scriptedEc2, type Answers, type ScriptedEc2 } from "./scripted-ec2.js";
import { planned } from "./state.js";

const owner = planned.Owner ?? "";
const marked = (name: string, by = owner): { Key: string; Value: string }[] => [
  { Key: "machine:owner", Value: by },
  { Key: "machine:name", Value: name },
];
const instance: Instance = { InstanceId: "i-1", State: { Name: "running" }, Tags: marked("web-1") };
const ending: Instance = { ...instance, State: { Name: "shutting-down" } };
const ended: Instance = { ...instance, State: { Name: "terminated" } };
const group: SecurityGroup = { GroupId: "sg-1", GroupName: "machine-c0ffee00", VpcId: "vpc-1", Tags: marked("") };

/** Groups alone but for instances. */
const noOthers: Answers = {
  DescribeSpotInstanceRequests: {},
  DescribeKeyPairs: {},
  DescribeVolumes: {},
  DescribeSecurityGroups: { SecurityGroups: [group] },
};

/** EC2 with the one instance, which ends when it is told to. */
function world(answers: Answers = {}, before: Instance = instance): ScriptedEc2 {
  let now = before;
  return scriptedEc2({
    DescribeInstances: () => {
      const shown = now;
      if (now === ending) now = ended;
      return showing(shown);
    },
    TerminateInstances: () => {
      now = ending;
      return {};
    },
    DescribeKeyPairs: { KeyPairs: [{ KeyName: "web-1-k" }] },
    DeleteKeyPair: {},
    DescribeSecurityGroups: { SecurityGroups: [group] },
    DeleteSecurityGroup: () => (now === ended ? {} : "DependencyViolation"),
    ...answers,
  });
}

function showing(...found: Instance[]): { Reservations: { OwnerId: string; Instances: Instance[] }[] } {
  return { Reservations: found.map((one) => ({ OwnerId: "123456789012", Instances: [one] })) };
}

async function removed(ec2: ScriptedEc2, some: Partial<Ec2State> = {}): Promise<string[]> {
  const made = { InstanceId: "i-1", KeyName: "web-1-k", SecurityGroupIds: ["sg-1"], Account: "123456789012" };
  await removeAll(ec2, { name: "web-1", dir: "/nowhere", state: { ...planned, ...made, ...some } }, fakeIo());
  return [...new Set(ec2.asked.map(({ name }) => name).filter((name) => !name.startsWith("Describe")))];
}

describe("removing a machine", () => {
  test("ends its instance, and takes key pair and group, once nothing uses that", async () => {
    expect(await removed(world())).toEqual(["TerminateInstances", "DeleteKeyPair", "DeleteSecurityGroup"]);
  });

  test("leaves a group that other machines use", async () => {
    const neighbour = { ...instance, InstanceId: "i-2", Tags: marked("web-2") };
    const ec2 = world({
      DescribeInstances: ({ Filters }) =>
        Filters?.[0]?.Name === "instance.group-id" ? showing(ended, neighbour) : showing(ended),
    });
    expect(await removed(ec2)).toEqual(["DeleteKeyPair"]);
  });

  test("leaves a group that other machines use, where EC2 tells that by their network interfaces alone", async () => {
    const NetworkInterfaces = [{ Groups: [{ GroupId: "sg-1" }] }];
    const neighbour = { ...instance, InstanceId: "i-2", Tags: marked("web-2"), NetworkInterfaces };
    const answers: Answers = {
      DescribeInstances: ({ Filters }) => {
        if (Filters?.[0]?.Name === "instance.group-id") return {};
        return Filters?.[0]?.Name === "tag:machine:owner" ? showing(ended, neighbour) : showing(ended);
      },
      DeleteSecurityGroup: {},
    };
    expect(await removed(world(answers))).toEqual(["DeleteKeyPair"]);
    const found = await findResources(scriptedEc2({ ...noOthers, ...answers }), "us-east-1", owner);
    expect(found.map(({ id, machine }) => [id, machine])).toEqual([
      ["i-2", "web-2"],
      ["sg-1", "web-2"],
    ]);
  });

  test("leaves a group that something else uses, and waits only as long as what has ended may use it", async () => {
    const ec2 = world({ DeleteSecurityGroup: "DependencyViolation" }, ended);
    expect(await removed(ec2)).toContain("DeleteSecurityGroup");
    expect(ec2.inputs("DeleteSecurityGroup")).toHaveLength(6);
  });

  test("asks for groups and key pairs by the mark of this store, and leaves what has none", async () => {
    const ec2 = world({ DescribeKeyPairs: {}, DescribeSecurityGroups: {} });
    expect(await removed(ec2)).toEqual(["TerminateInstances"]);
    const mark = { Name: "tag:machine:owner", Values: [owner] };
    expect(ec2.inputs("DescribeKeyPairs")[0]?.Filters).toContainEqual(mark);
    expect(ec2.inputs("DescribeSecurityGroups")[0]?.Filters).toContainEqual(mark);
  });

  test("cancels its spot request", async () => {
    const ec2 = world({ CancelSpotInstanceRequests: {} }, { ...instance, SpotInstanceRequestId: "sir-1" });
    await removed(ec2);
    expect(ec2.inputs("CancelSpotInstanceRequests")).toEqual([{ SpotInstanceRequestIds: ["sir-1"] }]);
  });

  test("succeeds when all is gone already", async () => {
    const nothing = { DescribeInstances: {}, DescribeKeyPairs: {} };
    const ec2 = world({ ...nothing, DescribeSecurityGroups: [{ SecurityGroups: [{ OwnerId: "123456789012" }] }, {}] });
    expect(await removed(ec2)).toEqual([]);
  });

  test("ends nothing that is not marked as this store's", async () => {
    const theirs = world({}, { ...instance, Tags: marked("web-1", "somebody-else") });
    await expect(removed(theirs)).rejects.toThrow("the instance i-1 is not marked as this store's");
    expect(theirs.inputs("TerminateInstances")).toEqual([]);
  });

  test("does not forget an instance of another account", async () => {
    const ec2 = world({ DescribeInstances: {}, DescribeSecurityGroups: { SecurityGroups: [{ OwnerId: "999" }] } });
    await expect(removed(ec2)).rejects.toThrow("of the AWS account 123456789012");
  });

  test("ends an instance whose launch was cut off before its id was saved", async () => {
    const ec2 = world();
    expect(await removed(ec2, { InstanceId: "", LaunchedAt: 1 })).toContain("TerminateInstances");
    expect(ec2.inputs("DescribeInstances")[0]?.Filters).toEqual([{ Name: "tag:machine:id", Values: ["0123"] }]);
  });

  test("takes a group whose making was cut off before its id was saved", async () => {
    const ec2 = world({ DescribeInstances: {} });
    const cutOff = { InstanceId: "", SecurityGroupIds: [] };
    expect(await removed(ec2, cutOff)).toContain("DeleteSecurityGroup");
    expect(ec2.inputs("DescribeSecurityGroups")[0]?.Filters).toEqual([
      { Name: "vpc-id", Values: ["vpc-1"] },
      { Name: "group-name", Values: ["machine-c0ffee00"] },
      { Name: "tag:machine:owner", Values: [owner] },
    ]);
  });

  test("waits for an instance that EC2 does not show or know yet", async () => {
    const shown = showing(instance);
    const ec2 = world({
      DescribeInstances: [{}, {}, shown, shown, showing(ending), showing(ended)],
      DescribeSecurityGroups: [
        { SecurityGroups: [{ ...group, OwnerId: "123456789012" }] },
        { SecurityGroups: [group] },
      ],
      TerminateInstances: ["InvalidInstanceID.NotFound", {}],
    });
    expect(await removed(ec2, { LaunchedAt: fakeIo().now() })).toContain("TerminateInstances");
    expect(ec2.inputs("TerminateInstances")).toHaveLength(2);
  });

  test("that docker-machine made ends its instance and key pair, and leaves the group as that did", async () => {
    const old = Object.fromEntries(Object.entries(planned).filter(([key]) => key !== "Owner")) as unknown as Ec2State;
    const ec2 = world({}, { ...instance, Tags: [{ Key: "Name", Value: "web-1" }] });
    const state = { ...old, InstanceId: "i-1", KeyName: "web-1", SecurityGroupIds: ["sg-1"] };
    await removeAll(ec2, { name: "web-1", dir: "/nowhere", state }, fakeIo());
    expect(ec2.inputs("TerminateInstances")).toHaveLength(1);
    expect(ec2.inputs("DeleteKeyPair")).toEqual([{ KeyName: "web-1" }]);
    expect(ec2.inputs("DeleteSecurityGroup")).toEqual([]);
  });
});

describe("what EC2 has of a store", () => {
  const all: Answers = {
    DescribeInstances: ({ Filters }) =>
      Filters?.[0]?.Name === "instance.group-id"
        ? showing({ ...instance, SecurityGroups: [{ GroupId: "sg-1" }] })
        : showing({ ...instance, InstanceType: "t3.small", LaunchTime: new Date("2026-11-24T10:00:00Z") }, ended),
    DescribeSpotInstanceRequests: {
      SpotInstanceRequests: [
        { SpotInstanceRequestId: "sir-1", State: "active", Tags: marked("web-1") },
        { SpotInstanceRequestId: "sir-0", State: "closed", Tags: marked("web-0") },
      ],
    },
    DescribeKeyPairs: { KeyPairs: [{ KeyName: "web-2-k", Tags: marked("web-2") }] },
    DescribeVolumes: { Volumes: [{ VolumeId: "vol-1", Size: 20, Tags: marked("web-3") }] },
    DescribeSecurityGroups: { SecurityGroups: [group] },
  };

  test("is found with the machine that each was made for, in the order in which it can go", async () => {
    const found = await findResources(scriptedEc2(all), "us-east-1", owner);
    expect(found.map(({ kind, id, machine }) => `${kind} ${id} of ${machine ?? "several"}`)).toEqual([
      "instance i-1 of web-1",
      "spot request sir-1 of web-1",
      "key pair web-2-k of web-2",
      "volume vol-1 of web-3",
      "security group sg-1 of web-1",
    ]);
    expect(found[0]?.about).toBe("us-east-1, t3.small, running, since 2026-11-24");
  });

  test("is asked for by the store's mark, and only by it", async () => {
    const ec2 = scriptedEc2(all);
    await findResources(ec2, "us-east-1", owner);
    const filters = ec2.asked.map(
      ({ input }) => (input as { Filters: { Name: string; Values: string[] }[] }).Filters[0],
    );
    const mark = { Name: "tag:machine:owner", Values: [owner] };
    expect(filters.filter((one) => one?.Name !== "instance.group-id")).toEqual(Array(5).fill(mark));
  });

  test("has a group of several machines as theirs together, and none that a stranger uses", async () => {
    const users = (...tags: Instance["Tags"][]): Answers => ({
      ...all,
      DescribeInstances: showing(...tags.map((Tags) => ({ ...instance, Tags, SecurityGroups: [{ GroupId: "sg-1" }] }))),
    });
    const groups = async (answers: Answers): Promise<(string | undefined)[]> =>
      (await findResources(scriptedEc2(answers), "us-east-1", owner))
        .filter(({ kind }) => kind === "security group")
        .map(({ machine }) => machine);
    expect(await groups(users(marked("web-1"), marked("web-2")))).toEqual([undefined]);
    expect(await groups(users(marked("web-1"), []))).toEqual([]);
  });

  test("can be removed, one by one, also what is gone by then", async () => {
    const gone: Answers = {
      TerminateInstances: "InvalidInstanceID.NotFound",
      CancelSpotInstanceRequests: "InvalidSpotInstanceRequestID.NotFound",
      DeleteKeyPair: {},
      DeleteVolume: "InvalidVolume.NotFound",
      DeleteSecurityGroup: "InvalidGroup.NotFound",
    };
    const ec2 = scriptedEc2({ ...all, ...gone });
    const found = await findResources(ec2, "us-east-1", owner);
    for (const one of found.filter(({ kind }) => kind !== "security group")) {
      await expect(one.remove(fakeIo()), one.kind).resolves.toBeUndefined();
    }
    const last = found.at(-1);
    await expect(last?.remove(fakeIo())).rejects.toThrow("the security group sg-1 is still in use");
  });
});
