import type { Instance } from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import {
  inspectInstance,
  inspectInstances,
  rebootInstance,
  startInstance,
  stopInstance,
  waitForAddress,
} from "../../../drivers/amazonec2/power.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { fakeIo } from "../../../src/driver/conformance.js";
import { MachineError, type Io, type Machine } from "../../../src/driver/index.js";
import { scriptedEc2, type Answers, type ScriptedEc2 } from "./scripted-ec2.js";
import { planned } from "./state.js";

const account = "123456789012";

function machine(some: Partial<Ec2State> = {}, name = "web-1"): Machine<Ec2State> {
  const addresses = { IPAddress: "192.0.2.7", PrivateIPAddress: "10.0.0.5" };
  return { name, dir: "/nowhere", state: { ...planned, InstanceId: "i-1", ...addresses, Account: account, ...some } };
}

function showing(...found: Instance[]): { Reservations: { OwnerId: string; Instances: Instance[] }[] } {
  return { Reservations: found.map((one) => ({ OwnerId: account, Instances: [one] })) };
}

const running: Instance = {
  InstanceId: "i-1",
  State: { Name: "running" },
  PublicIpAddress: "192.0.2.7",
  PrivateIpAddress: "10.0.0.5",
};
const owned = (OwnerId: string): { SecurityGroups: { OwnerId: string }[] } => ({ SecurityGroups: [{ OwnerId }] });

describe("inspecting an instance", () => {
  const inspect = (answers: Answers, some: Partial<Ec2State> = {}): ReturnType<typeof inspectInstance> =>
    inspectInstance(scriptedEc2(answers), machine(some), fakeIo());

  test.each([
    ["pending", "starting"],
    ["running", "running"],
    ["stopping", "stopping"],
    ["shutting-down", "stopping"],
    ["stopped", "stopped"],
    ["terminated", "missing"],
  ] as const)("that is %s says %s", async (Name, status) => {
    expect(await inspect({ DescribeInstances: showing({ ...running, State: { Name } }) })).toEqual({ status });
  });

  test("tells a new address, and keeps the old one while there is none", async () => {
    const moved = { ...running, PublicIpAddress: "192.0.2.8" };
    expect(await inspect({ DescribeInstances: showing(moved) })).toEqual({
      status: "running",
      state: { IPAddress: "192.0.2.8" },
    });
    const stopped = { InstanceId: "i-1", State: { Name: "stopped" as const }, PrivateIpAddress: "10.0.0.5" };
    expect(await inspect({ DescribeInstances: showing(stopped) })).toEqual({ status: "stopped" });
  });

  test("has the private address for one that is reached by it", async () => {
    const { state } = await inspect({ DescribeInstances: showing(running) }, { UsePrivateIP: true });
    expect(state).toEqual({ IPAddress: "10.0.0.5" });
  });

  test("that is gone says missing, where the credentials are of its account", async () => {
    expect(await inspect({ DescribeInstances: {}, DescribeSecurityGroups: owned(account) })).toEqual({
      status: "missing",
    });
  });

  test("of another account is refused with both ways out", async () => {
    const refused = inspect({ DescribeInstances: {}, DescribeSecurityGroups: owned("999999999999") });
    await expect(refused).rejects.toMatchObject({
      message: "web-1 is of the AWS account 123456789012, the credentials are of another one",
      hint: expect.stringMatching(/AWS_PROFILE.*machine rm -f web-1/) as string,
    });
  });

  test("of another account is refused although that account shares a security group with this one", async () => {
    const theirs = { GroupName: "shared", OwnerId: account };
    const ours = { GroupName: "default", OwnerId: "999999999999" };
    const sharing = inspect({ DescribeInstances: {}, DescribeSecurityGroups: { SecurityGroups: [theirs, ours] } });
    await expect(sharing).rejects.toThrow("web-1 is of the AWS account 123456789012");
    const sharedVpc = { DescribeInstances: {}, DescribeSecurityGroups: { SecurityGroups: [theirs] } };
    expect(await inspect(sharedVpc), "in a VPC that is shared, without one of its own").toEqual({ status: "missing" });
  });

  test("that docker-machine made says missing without its account, which it has not saved", async () => {
    const { name, dir, state } = machine();
    const old = { ...planned, InstanceId: state.InstanceId };
    const ec2 = scriptedEc2({ DescribeInstances: {} });
    const inspection = await inspectInstance(ec2, { name, dir, state: old }, fakeIo());
    expect(inspection).toEqual({ status: "missing" });
  });

  test("that EC2 does not show yet says starting", async () => {
    expect(await inspect({ DescribeInstances: {} }, { LaunchedAt: fakeIo().now() - 1_000 })).toEqual({
      status: "starting",
    });
  });
});

describe("inspecting many instances", () => {
  test("makes one call for each region, account and page", async () => {
    const machines = Array.from({ length: 100 }, (_, index) => {
      const place = { Region: index % 2 === 0 ? "us-east-1" : "eu-west-1", Profile: index < 50 ? "a" : "b" };
      return machine({ InstanceId: `i-${String(index)}`, ...place }, `web-${String(index)}`);
    });
    const opened: ScriptedEc2[] = [];
    const told = await inspectInstances(machines, fakeIo(), ({ Region, Profile }) => {
      const shown = machines.filter(({ state }) => state.Region === Region && state.Profile === Profile);
      const pages = [shown.slice(0, 20), shown.slice(20)].map((page, index) => ({
        ...showing(...page.map(({ state }) => ({ ...running, InstanceId: state.InstanceId }))),
        ...(index === 0 ? { NextToken: "more" } : {}),
      }));
      opened.push(scriptedEc2({ DescribeInstances: pages }));
      return Promise.resolve(opened.at(-1) as ScriptedEc2);
    });
    expect(told.size).toBe(100);
    expect([...told.values()].every(({ status }) => status === "running")).toBe(true);
    expect(opened.map(({ asked }) => asked.length)).toEqual([2, 2, 2, 2]);
    expect(opened[0]?.inputs("DescribeInstances")[1]).toMatchObject({ NextToken: "more" });
  });

  test("asks for no more than 200 at once, which is what a filter takes", async () => {
    const machines = Array.from({ length: 201 }, (_, index) => machine({ InstanceId: `i-${String(index)}` }));
    const ec2 = scriptedEc2({ DescribeInstances: {}, DescribeSecurityGroups: owned(account) });
    await inspectInstances(machines, fakeIo(), () => Promise.resolve(ec2));
    expect(ec2.inputs("DescribeInstances").map(({ Filters }) => Filters?.[0]?.Values?.length)).toEqual([200, 1]);
  });

  test("tells gone ones from those of another account, which it leaves out", async () => {
    const machines = [
      machine({}, "gone"),
      machine({ Account: "999999999999" }, "theirs"),
      machine({ InstanceId: "" }, "new"),
    ];
    const ec2 = scriptedEc2({ DescribeInstances: {}, DescribeSecurityGroups: owned(account) });
    const told = await inspectInstances(machines, fakeIo(), () => Promise.resolve(ec2));
    expect(Object.fromEntries(told)).toEqual({ gone: { status: "missing" }, new: { status: "missing" } });
  });

  test("of which some cannot be asked for tells of the others, and fails where nothing can be told", async () => {
    const machines = [machine({}, "here"), machine({ Region: "eu-west-1" }, "there")];
    const open = ({ Region }: Ec2State): Promise<ScriptedEc2> =>
      Region === "us-east-1"
        ? Promise.resolve(scriptedEc2({ DescribeInstances: showing(running) }))
        : Promise.reject(new MachineError("unreachable", "no network"));
    expect([...(await inspectInstances(machines, fakeIo(), open)).keys()]).toEqual(["here"]);
    await expect(inspectInstances(machines.slice(1), fakeIo(), open)).rejects.toThrow("no network");
  });

  test("leaves out one whose config.json is broken", async () => {
    const broken = machine({ Region: ["us-east-1"] as unknown as string }, "broken");
    expect((await inspectInstances([broken], fakeIo(), () => Promise.reject(new Error("opened")))).size).toBe(0);
  });
});

describe("waiting for the address", () => {
  test("goes on until the instance is shown, runs and has one", async () => {
    const bare: Instance = { InstanceId: "i-1", State: { Name: "running" }, PrivateIpAddress: "10.0.0.5" };
    const ec2 = scriptedEc2({
      DescribeInstances: [{}, showing({ ...running, State: { Name: "pending" } }), showing(bare), showing(running)],
    });
    const changes = await waitForAddress(ec2, machine({ IPAddress: "" }), fakeIo());
    expect(changes).toEqual({ IPAddress: "192.0.2.7" });
    expect(ec2.asked).toHaveLength(4);
  });

  test("ends with EC2's reason when the instance does", async () => {
    const ended = { ...running, State: { Name: "terminated" as const }, StateReason: { Message: "no volume left" } };
    const waiting = waitForAddress(scriptedEc2({ DescribeInstances: showing(ended) }), machine(), fakeIo());
    await expect(waiting).rejects.toThrow("web-1: its instance has ended: no volume left");
  });
});

describe("starting an instance", () => {
  const stopped = (Code: string): Instance => ({
    InstanceId: "i-1",
    State: { Name: "stopped" },
    StateReason: { Code, Message: `${Code}: so it is` },
  });

  test("that stops again at once ends with EC2's reason", async () => {
    const failed = stopped("Client.InternalError");
    const ec2 = scriptedEc2({ DescribeInstances: showing(failed), StartInstances: {} });
    const io = fakeIo();
    const begin = io.now();
    await expect(startInstance(ec2, machine(), io)).rejects.toMatchObject({
      message: "web-1: its instance has stopped again: Client.InternalError: so it is",
      hint: expect.stringContaining("--amazonec2-kms-key-id") as string,
    });
    expect(io.now() - begin).toBeLessThan(30_000);
  });

  test.each(["Client.UserInitiatedShutdown", "Server.InternalError"])(
    "is not mistaken for failed while its stop before (%s) is still shown",
    async (before) => {
      const shown = showing(stopped(before));
      const ec2 = scriptedEc2({ DescribeInstances: [shown, shown, shown, showing(running)], StartInstances: {} });
      expect(await startInstance(ec2, machine(), fakeIo())).toEqual({});
    },
  );
});

describe("power", () => {
  test("on waits until a stop is over, then for the new address", async () => {
    const stopping = showing({ InstanceId: "i-1", State: { Name: "stopping" } });
    const moved = showing({ ...running, PublicIpAddress: "192.0.2.8" });
    const ec2 = scriptedEc2({
      DescribeInstances: [stopping, stopping, stopping, moved],
      StartInstances: ["IncorrectInstanceState", {}],
    });
    expect(await startInstance(ec2, machine(), fakeIo())).toEqual({ IPAddress: "192.0.2.8" });
    expect(ec2.inputs("StartInstances")).toHaveLength(2);
  });

  test("off is a regular stop, by force where it is killed, and hibernation where that was asked for", async () => {
    const ec2 = scriptedEc2({ DescribeInstances: showing(running), StopInstances: {} });
    const Launch = {
      Ipv6: false,
      Placement: "",
      Credits: "",
      Hibernation: true,
      TerminateOnShutdown: false,
      KmsKey: "",
    };
    await stopInstance(ec2, machine(), fakeIo(), { Force: false });
    await stopInstance(ec2, machine({ Launch }), fakeIo(), { Force: true });
    await stopInstance(ec2, machine({ Launch }), fakeIo(), { Force: false });
    expect(ec2.inputs("StopInstances")).toEqual([
      { InstanceIds: ["i-1"] },
      { InstanceIds: ["i-1"], Force: true },
      { InstanceIds: ["i-1"], Hibernate: true },
    ]);
  });

  test("of an instance that is gone is refused with what to type", async () => {
    const ec2 = scriptedEc2({ DescribeInstances: {}, DescribeSecurityGroups: owned(account) });
    await expect(stopInstance(ec2, machine(), fakeIo(), { Force: false })).rejects.toMatchObject({
      code: "not-found",
      hint: "machine rm web-1",
    });
  });

  test.each(["shutting-down", "terminated"] as const)(
    "of an instance that is %s is refused as of one that is gone, although EC2 would reboot it",
    async (Name) => {
      const ec2 = scriptedEc2({ DescribeInstances: showing({ ...running, State: { Name } }) });
      const gone = { code: "not-found", hint: "machine rm web-1" };
      await expect(rebootInstance(ec2, machine(), fakeIo({ cat: "one" }))).rejects.toMatchObject(gone);
      await expect(startInstance(ec2, machine(), fakeIo())).rejects.toMatchObject(gone);
    },
  );

  test("off and on by a reboot is over only when another boot answers", async () => {
    const ec2 = scriptedEc2({ DescribeInstances: showing(running), RebootInstances: {} });
    const answers = ["one", "one", new MachineError("unreachable", "gone"), "two"];
    await rebootInstance(ec2, machine(), answering(answers));
    expect(ec2.inputs("RebootInstances")).toEqual([{ InstanceIds: ["i-1"] }]);
    expect(answers).toEqual([]);
  });

  test("off and on by a reboot is given up where EC2 says yes and the same boot answers for five minutes", async () => {
    const ec2 = scriptedEc2({ DescribeInstances: showing(running), RebootInstances: {} });
    const rebooting = rebootInstance(ec2, machine({ Endpoint: "" }), answering(Array<string>(200).fill("one")));
    await expect(rebooting).rejects.toThrow("gave up waiting for web-1 to come up again after 300 s");
  });

  test("off and on is told not to have happened by another EC2 that reboots nothing", async () => {
    const ec2 = scriptedEc2({ DescribeInstances: showing(running), RebootInstances: {} });
    const io = answering(Array<string>(200).fill("one"));
    const told: string[] = [];
    const Endpoint = "http://192.0.2.8";
    await rebootInstance(ec2, machine({ Endpoint }), { ...io, notice: (line) => void told.push(line) });
    expect(told).toEqual([expect.stringContaining("has not gone down")]);
  });

  test("off and on of a host that hangs is left to EC2", async () => {
    const ec2 = scriptedEc2({ DescribeInstances: showing(running), RebootInstances: {} });
    await rebootInstance(ec2, machine(), answering([new MachineError("unreachable", "hangs")]));
    expect(ec2.inputs("RebootInstances")).toHaveLength(1);
  });
});

/** A host whose shell answers one command after another. */
function answering(answers: (string | Error)[]): Io {
  const exec = (): Promise<{ stdout: string; stderr: string; code: number }> => {
    const next = answers.shift() ?? "";
    return next instanceof Error ? Promise.reject(next) : Promise.resolve({ stdout: next, stderr: "", code: 0 });
  };
  return { ...fakeIo(), shell: () => Promise.resolve({ exec }) };
}
