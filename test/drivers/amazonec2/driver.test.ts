import { describe, expect, test, vi } from "vitest";
import amazonec2 from "../../../drivers/amazonec2/index.js";
import type { Ec2State } from "../../../drivers/amazonec2/state.js";
import { driverChecks, fakeIo } from "../../../src/driver/conformance.js";
import { scriptedEc2 } from "./scripted-ec2.js";
import { planned } from "./state.js";

/** An EC2 that lets everything be planned and has no instance. */
const ec2 = vi.hoisted(() => ({ open: (): unknown => undefined }));
vi.mock("../../../drivers/amazonec2/api/client.js", async (original) => ({
  ...(await original<typeof import("../../../drivers/amazonec2/api/client.js")>()),
  openEc2: () => Promise.resolve(ec2.open()),
}));
ec2.open = () =>
  scriptedEc2({
    DescribeInstanceTypes: { InstanceTypes: [{ ProcessorInfo: { SupportedArchitectures: ["x86_64"] } }] },
    DescribeImages: {
      Images: [
        {
          ImageId: "ami-1",
          RootDeviceName: "/dev/sda1",
          Architecture: "x86_64",
          OwnerId: "099720109477",
          Name: "ubuntu",
        },
      ],
    },
    DescribeVpcs: { Vpcs: [{ VpcId: "vpc-1" }] },
    DescribeSubnets: { Subnets: [{ SubnetId: "subnet-1", VpcId: "vpc-1", AvailabilityZone: "us-east-1a" }] },
    DescribeSecurityGroups: { SecurityGroups: [{ OwnerId: "123456789012" }] },
    RunInstances: "DryRunOperation",
  });

describe("the amazonec2 driver", () => {
  const checks = driverChecks(amazonec2, {
    options: { region: "us-east-1", profile: "lab", zone: "a", rootSize: 30, openPort: ["8080"] },
    refused: [
      { options: { region: "nowhere" }, error: /^Invalid region specified$/ },
      {
        options: { region: "us-east-1", keypairName: "ann" },
        error: /^using --amazonec2-keypair-name also requires --amazonec2-ssh-keypath$/,
      },
    ],
  });
  for (const { name, run } of checks) test(name, run);

  const made: Ec2State = {
    ...planned,
    InstanceId: "i-1",
    IPAddress: "192.0.2.7",
    PrivateIPAddress: "10.0.0.5",
    SSHKeyPath: "/store/machines/web-1/id_rsa",
    HostKey: "SHA256:abc",
  };

  test("reaches an instance by its address, with the host key that the console showed", () => {
    expect(amazonec2.access(made)).toEqual({
      docker: "tcp://192.0.2.7:2376",
      shell: {
        kind: "ssh",
        host: "192.0.2.7",
        port: 22,
        user: "ubuntu",
        keyPath: "/store/machines/web-1/id_rsa",
        hostKey: "SHA256:abc",
      },
      peer: { address: "10.0.0.5", port: 2376 },
    });
  });

  test("reaches one by its private or IPv6 address where it has no other", () => {
    expect(amazonec2.access({ ...made, UsePrivateIP: true } as Ec2State).docker).toBe("tcp://10.0.0.5:2376");
    expect(amazonec2.access({ ...made, IPAddress: "2001:db8::7" }).docker).toBe("tcp://[2001:db8::7]:2376");
  });

  test("reaches one through SSM by its id, which stays when addresses change", () => {
    const { shell } = amazonec2.access({ ...made, Connect: "ssm", Profile: "lab", SSHPort: 2222 } as Ec2State);
    const session = "aws ssm start-session --target i-1 --document-name AWS-StartSSHSession";
    const proxy = `${session} --parameters portNumber=2222 --region us-east-1 --profile lab`;
    expect(shell).toMatchObject({ host: "i-1", proxy: proxy.split(" ") });
  });

  test("calls a config.json broken in which a value cannot be", () => {
    const broken =
      (some: object): (() => unknown) =>
      () =>
        amazonec2.access({ ...made, ...some });
    expect(broken({ InstanceId: "-rf" })).toThrow("Driver.InstanceId in its config.json must be the id of an instance");
    expect(broken({ Region: "us east" })).toThrow("must be a region");
    expect(broken({ IPAddress: "a b" })).toThrow("must be an IP address");
    expect(broken({ SSHPort: -1 })).toThrow("must be a port");
  });

  test("asks nobody about a machine that was never launched", async () => {
    const io = fakeIo();
    const machine = { name: "web-1", dir: "/nowhere", state: planned };
    ec2.open = () => {
      throw new Error("opened");
    };
    expect(await amazonec2.inspect(machine, io)).toEqual({ status: "missing" });
    await expect(amazonec2.remove(machine, io)).resolves.toBeUndefined();
  });
});
