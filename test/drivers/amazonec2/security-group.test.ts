import type { IpPermission, SecurityGroup } from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { ensureGroup } from "../../../drivers/amazonec2/network/security-group.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { fakeIo, type FakeIo } from "../../../src/driver/conformance.js";
import type { Io } from "../../../src/driver/index.js";
import { startProxy, startTls } from "../../support/proxy.js";
import { scriptedEc2, type Answers, type ScriptedEc2 } from "./scripted-ec2.js";
import { planned } from "./state.js";

/** `tcp 22 <- 0.0.0.0/0` for each rule that was asked for, in order. */
function opened(ec2: ScriptedEc2): string[] {
  const sourcesOf = ({ IpRanges, Ipv6Ranges, UserIdGroupPairs }: IpPermission): string =>
    [
      ...(IpRanges ?? []).map(({ CidrIp }) => CidrIp),
      ...(Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6),
      ...(UserIdGroupPairs ?? []).map(({ GroupId }) => GroupId),
    ].join();
  return ec2
    .inputs("AuthorizeSecurityGroupIngress")
    .flatMap(({ IpPermissions = [] }) => IpPermissions)
    .map((one) => `${one.IpProtocol ?? ""} ${String(one.FromPort ?? "")} <- ${sourcesOf(one)}`);
}

function rule(port: number, source = "0.0.0.0/0", protocol = "tcp"): IpPermission {
  return { IpProtocol: protocol, FromPort: port, ToPort: port, IpRanges: [{ CidrIp: source }] };
}

function group(GroupName: string, ...IpPermissions: IpPermission[]): SecurityGroup {
  return { GroupId: `sg-${GroupName}`, GroupName, IpPermissions };
}

async function ensured(
  answers: Answers,
  more: Partial<Ec2State> = {},
  env: Io["env"] = {},
): Promise<{ ec2: ScriptedEc2; io: FakeIo; changes: Partial<Ec2State> }> {
  const io = fakeIo({}, env);
  const ec2 = scriptedEc2({
    CreateSecurityGroup: { GroupId: "sg-made" },
    AuthorizeSecurityGroupIngress: {},
    ...answers,
  });
  return { ec2, io, changes: await ensureGroup(ec2, { ...planned, ...more }, io) };
}

function notices({ lines }: FakeIo): string[] {
  return lines.flatMap(({ type, line }) => (type === "notice" ? [line] : []));
}

const none = { SecurityGroups: [] };
const swarm = [
  "tcp 2377 <- sg-made",
  "tcp 7946 <- sg-made",
  "udp 7946 <- sg-made",
  "udp 4789 <- sg-made",
  "50 -1 <- sg-made",
];

describe("our security group", () => {
  test("does not open the engine's port where docker reaches the engine over ssh", async () => {
    const { ec2 } = await ensured(
      { DescribeSecurityGroups: none },
      { HasNoEnginePort: true, IngressCidrs: ["192.0.2.0/24"] },
    );
    expect(opened(ec2)).toEqual(["tcp 22 <- 192.0.2.0/24", ...swarm]);
  });

  test("is made once for the store and VPC, with the owner's tag from birth, under a lock", async () => {
    const io = fakeIo();
    const locks: string[] = [];
    const ec2 = scriptedEc2({
      DescribeSecurityGroups: none,
      CreateSecurityGroup: { GroupId: "sg-made" },
      AuthorizeSecurityGroupIngress: {},
    });
    const lock: FakeIo["lock"] = (name, work) => {
      locks.push(name);
      return work();
    };
    const changes = await ensureGroup(ec2, planned, { ...io, lock });
    expect(changes).toMatchObject({ SecurityGroupIds: ["sg-made"], SecurityGroupNames: ["machine-c0ffee00"] });
    expect(locks).toEqual(["amazonec2-vpc-1"]);
    expect(ec2.inputs("CreateSecurityGroup")).toEqual([
      {
        GroupName: "machine-c0ffee00",
        Description: "Docker Machine",
        VpcId: "vpc-1",
        TagSpecifications: [
          {
            ResourceType: "security-group",
            Tags: [
              { Key: "Name", Value: "machine-c0ffee00" },
              { Key: "machine:owner", Value: planned.Owner },
            ],
          },
        ],
      },
    ]);
  });

  test("opens ssh, the engine and open ports to those named, and Swarm's ports inside itself", async () => {
    const more = { IngressCidrs: ["192.0.2.0/24", "2001:db8::/32"], OpenPorts: ["53/udp"], SSHPort: 2222 };
    const { ec2, io, changes } = await ensured({ DescribeSecurityGroups: none }, more);
    expect(opened(ec2)).toEqual([
      "tcp 2222 <- 192.0.2.0/24",
      "tcp 2222 <- 2001:db8::/32",
      "tcp 2376 <- 192.0.2.0/24",
      "tcp 2376 <- 2001:db8::/32",
      "udp 53 <- 192.0.2.0/24",
      "udp 53 <- 2001:db8::/32",
      ...swarm,
    ]);
    expect(changes.IngressCidrs).toEqual(more.IngressCidrs);
    expect(notices(io)).toEqual([]);
  });

  test("lets in this computer's public address where Amazon tells it, by the proxy of the environment", async () => {
    const { port, caFile } = await startTls(["checkip.amazonaws.com"], (_, answer) => answer.end("198.51.100.7\n"));
    const proxy = await startProxy(port);
    const env = { HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: caFile };
    const { ec2, changes } = await ensured({ DescribeSecurityGroups: none }, { Endpoint: "" }, env);
    expect(proxy.asked).toEqual(["CONNECT checkip.amazonaws.com:443"]);
    expect(opened(ec2)).toEqual(["tcp 22 <- 198.51.100.7/32", "tcp 2376 <- 198.51.100.7/32", ...swarm]);
    expect(changes.IngressCidrs).toEqual(["198.51.100.7/32"]);
  });

  test.each([
    ["does not tell it", 503, ""],
    ["answers something else", 200, "<html>log in first</html>"],
  ])("lets in everybody where Amazon %s, and says so", async (_, status, text) => {
    const { port, caFile } = await startTls(["checkip.amazonaws.com"], (_question, answer) => {
      answer.writeHead(status).end(text);
    });
    const env = { HTTPS_PROXY: (await startProxy(port)).url, AWS_CA_BUNDLE: caFile };
    const { ec2, io } = await ensured({ DescribeSecurityGroups: none }, { Endpoint: "" }, env);
    expect(opened(ec2)).toEqual(["tcp 22 <- 0.0.0.0/0", "tcp 2376 <- 0.0.0.0/0", ...swarm]);
    expect(notices(io)).toEqual([expect.stringContaining("open to everybody")]);
  });

  test("asks nobody for its address behind an endpoint that is not Amazon's", async () => {
    const proxy = await startProxy(1);
    const { ec2 } = await ensured({ DescribeSecurityGroups: none }, {}, { HTTPS_PROXY: proxy.url });
    expect(proxy.asked).toEqual([]);
    expect(opened(ec2)).toContain("tcp 22 <- 0.0.0.0/0");
  });

  test("lets nobody in where ssh goes through SSM", async () => {
    const { ec2, io } = await ensured({ DescribeSecurityGroups: none }, { Connect: "ssm", Endpoint: "" });
    expect(opened(ec2)).toEqual(swarm);
    expect(notices(io)).toEqual([]);
  });

  test("that is there gets what it lacks and no more", async () => {
    const there = group("machine-c0ffee00", rule(22, "192.0.2.0/24"), {
      IpProtocol: "-1",
      UserIdGroupPairs: [{ GroupId: "sg-machine-c0ffee00" }],
    });
    const { ec2 } = await ensured(
      { DescribeSecurityGroups: { SecurityGroups: [there] } },
      { IngressCidrs: ["192.0.2.0/24"] },
    );
    expect(ec2.inputs("CreateSecurityGroup")).toEqual([]);
    expect(opened(ec2)).toEqual(["tcp 2376 <- 192.0.2.0/24"]);
  });

  test("is taken where another computer, or an answer that got lost, has made it meanwhile", async () => {
    const there = { SecurityGroups: [group("machine-c0ffee00")] };
    const { changes } = await ensured({
      DescribeSecurityGroups: [none, none, there],
      CreateSecurityGroup: "InvalidGroup.Duplicate",
    });
    expect(changes.SecurityGroupIds).toEqual(["sg-machine-c0ffee00"]);
  });

  test("is waited for until EC2 sees it everywhere", async () => {
    const { ec2 } = await ensured({
      DescribeSecurityGroups: none,
      AuthorizeSecurityGroupIngress: ["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound", {}],
    });
    expect(ec2.inputs("AuthorizeSecurityGroupIngress")).toHaveLength(3);
  });

  test("gets its rules one by one where somebody has added one of them meanwhile", async () => {
    const { ec2 } = await ensured({
      DescribeSecurityGroups: none,
      AuthorizeSecurityGroupIngress: ["InvalidPermission.Duplicate", {}],
    });
    expect(ec2.inputs("AuthorizeSecurityGroupIngress").map(({ IpPermissions = [] }) => IpPermissions.length)).toEqual([
      7, 1, 1, 1, 1, 1, 1, 1,
    ]);
  });

  test("is found again by a create that goes on", async () => {
    const there = group("machine-c0ffee00", rule(22), rule(2376));
    const { changes } = await ensured(
      { DescribeSecurityGroups: { SecurityGroups: [there] } },
      { SecurityGroupNames: ["machine-c0ffee00"], SecurityGroupIds: ["sg-machine-c0ffee00"] },
    );
    expect(changes.SecurityGroupIds).toEqual(["sg-machine-c0ffee00"]);
  });
});

describe("a security group that the user has named", () => {
  const named = { SecurityGroupNames: ["docker-machine"] };

  test("is used as it is, and what it does not open is told", async () => {
    const answers = { DescribeSecurityGroups: { SecurityGroups: [group("docker-machine", rule(22))] } };
    const { ec2, io, changes } = await ensured(answers, named);
    expect(opened(ec2)).toEqual([]);
    expect(changes).toMatchObject({ SecurityGroupIds: ["sg-docker-machine"], SecurityGroupNames: ["docker-machine"] });
    expect(notices(io)).toEqual([expect.stringContaining("docker-machine does not open 2376/tcp")]);
  });

  test("is opened for what was asked for in so many words", async () => {
    const answers = { DescribeSecurityGroups: { SecurityGroups: [group("docker-machine", rule(22), rule(2376))] } };
    const { ec2, io } = await ensured(answers, { ...named, OpenPorts: ["8080"] });
    expect(opened(ec2)).toEqual(["tcp 8080 <- 0.0.0.0/0"]);
    expect(notices(io)).toEqual([]);
    const cidrs = await ensured(answers, { ...named, IngressCidrs: ["192.0.2.0/24"] });
    expect(opened(cidrs.ec2)).toEqual(["tcp 22 <- 192.0.2.0/24", "tcp 2376 <- 192.0.2.0/24"]);
  });

  test("is never changed where groups are read-only", async () => {
    const answers = { DescribeSecurityGroups: { SecurityGroups: [group("docker-machine")] } };
    const more = { ...named, SecurityGroupReadOnly: true, OpenPorts: ["8080"], IngressCidrs: ["192.0.2.0/24"] };
    const { ec2, io } = await ensured(answers, more);
    expect(opened(ec2)).toEqual([]);
    expect(notices(io)).toEqual([expect.stringContaining("22/tcp, 2376/tcp, 8080/tcp")]);
  });

  test("is filled by a create that goes on, where the one before had made it", async () => {
    const made = { ...group("docker-machine"), Tags: [{ Key: "machine:owner", Value: planned.Owner }] };
    const { ec2 } = await ensured({ DescribeSecurityGroups: { SecurityGroups: [made] } }, named);
    expect(opened(ec2)).toContain("tcp 22 <- 0.0.0.0/0");
  });

  test("is made and filled where there is none", async () => {
    const { ec2, changes } = await ensured(
      { DescribeSecurityGroups: none },
      { ...named, IngressCidrs: ["192.0.2.0/24"] },
    );
    expect(ec2.inputs("CreateSecurityGroup")).toMatchObject([{ GroupName: "docker-machine" }]);
    expect(opened(ec2)).toEqual(["tcp 22 <- 192.0.2.0/24", "tcp 2376 <- 192.0.2.0/24", ...swarm]);
    expect(changes.SecurityGroupNames).toEqual(["docker-machine"]);
  });

  test.each([{ SecurityGroupNames: ["sg-12ab"] }, { ...named, SecurityGroupReadOnly: true }])(
    "is not made in place of another: %j",
    async (more) => {
      await expect(ensured({ DescribeSecurityGroups: none }, more)).rejects.toThrow(/^vpc-1 has no security group /);
    },
  );

  test("by id is looked up by id", async () => {
    const { ec2 } = await ensured(
      { DescribeSecurityGroups: { SecurityGroups: [group("x", rule(22), rule(2376))] } },
      { SecurityGroupNames: ["sg-12ab"] },
    );
    expect(ec2.inputs("DescribeSecurityGroups")[0]?.Filters).toContainEqual({ Name: "group-id", Values: ["sg-12ab"] });
  });

  test("together with another needs to open only what that one does not", async () => {
    const answers = {
      DescribeSecurityGroups: [
        { SecurityGroups: [group("a", rule(22))] },
        { SecurityGroups: [group("b", rule(2376))] },
      ],
    };
    const { ec2, io } = await ensured(answers, { SecurityGroupNames: ["a", "b"] });
    expect(opened(ec2)).toEqual([]);
    expect(notices(io)).toEqual([]);
  });
});
