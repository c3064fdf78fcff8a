import { describe, expect, test } from "vitest";
import { findImage } from "../../../drivers/amazonec2/instance/ami.js";
import { scriptedEc2 } from "./scripted-ec2.js";

const canonical = "099720109477";
const x86 = ["x86_64"];

function ubuntu(ImageId: string, CreationDate: string, OwnerId = canonical): Record<string, unknown> {
  return {
    ImageId,
    CreationDate,
    OwnerId,
    Name: "ubuntu/images/x",
    RootDeviceName: "/dev/sda1",
    Architecture: "x86_64",
  };
}

describe("the image", () => {
  test("by id is looked up for root device, architecture and user", async () => {
    const image = {
      ImageId: "ami-1",
      RootDeviceName: "/dev/xvda",
      Architecture: "arm64",
      Name: "debian-13-arm64-1",
    } as const;
    const ec2 = scriptedEc2({ DescribeImages: { Images: [image] } });
    expect(await findImage(ec2, "ami-1", ["arm64"], "us-east-1")).toEqual({
      ImageId: "ami-1",
      RootDeviceName: "/dev/xvda",
      Architecture: "arm64",
      user: "admin",
      size: 0,
    });
    expect(ec2.inputs("DescribeImages")).toEqual([{ ImageIds: ["ami-1"] }]);
  });

  test.each([
    ["InvalidAMIID.NotFound", "failed"],
    [{ Images: [] }, "precheck"],
  ])("by id that is not there is refused: %j", async (answer, code) => {
    const call = findImage(scriptedEc2({ DescribeImages: answer }), "ami-1", x86, "us-east-1");
    await expect(call).rejects.toMatchObject({ code });
  });

  test("by owner and name is the newest of that owner that boots from a disk, never one of somebody else", async () => {
    const Images = [
      ubuntu("ami-old", "2026-01-01T00:00:00.000Z"),
      ubuntu("ami-new", "2026-06-01T00:00:00.000Z"),
      { ...ubuntu("ami-windows", "2026-07-01T00:00:00.000Z"), Platform: "windows" as const },
      { ...ubuntu("ami-instance-store", "2026-07-01T00:00:00.000Z"), RootDeviceType: "instance-store" as const },
      ubuntu("ami-evil", "2026-09-01T00:00:00.000Z", "666666666666"),
    ];
    const ec2 = scriptedEc2({ DescribeImages: { Images } });
    expect((await findImage(ec2, `${canonical}/ubuntu/images/*`, x86, "us-east-1")).ImageId).toBe("ami-new");
    expect(ec2.inputs("DescribeImages")[0]).toMatchObject({ Owners: [canonical] });
  });

  test.each(["ubuntu*", "12345/ubuntu", "ssm", ""])("by a name without an owner is refused: %j", async (asked) => {
    const call = findImage(scriptedEc2({ DescribeImages: { Images: [] } }), asked, x86, "us-east-1");
    await expect(call).rejects.toMatchObject({ code: asked === "" ? "precheck" : "usage" });
  });

  test("by parameter is left to the launch, and what the name tells is taken", async () => {
    const name = "/aws/service/debian/release/13/latest/arm64";
    const image = {
      ImageId: `resolve:ssm:${name}`,
      RootDeviceName: "/dev/xvda",
      Architecture: "arm64",
      user: "admin",
      size: 0,
    };
    expect(await findImage(scriptedEc2({}), `ssm:${name}`, ["arm64"], "us-east-1")).toEqual(image);
    expect(await findImage(scriptedEc2({}), `resolve:ssm:${name}`, ["arm64"], "us-east-1")).toEqual(image);
    expect(await findImage(scriptedEc2({}), "ssm:/ours/golden", x86, "us-east-1")).toMatchObject({
      RootDeviceName: "",
      user: "",
    });
  });

  test.each([
    ["eu-west-1", "099720109477"],
    ["us-gov-west-1", "513442679011"],
    ["cn-north-1", "837727238323"],
  ])("of Ubuntu is Canonical's of the partition: %s", async (region, owner) => {
    const found = { Images: [ubuntu("ami-lts", "2026-05-01T00:00:00.000Z", owner)] };
    const ec2 = scriptedEc2({ DescribeImages: found });
    expect((await findImage(ec2, "", x86, region)).ImageId).toBe("ami-lts");
    expect(ec2.inputs("DescribeImages")[0]?.Owners).toEqual([owner]);
  });

  test("tells how big its root has to be", async () => {
    const disks = [
      { DeviceName: "/dev/sdb", Ebs: { VolumeSize: 500 } },
      { DeviceName: "/dev/sda1", Ebs: { VolumeSize: 75 } },
    ];
    const image = { ImageId: "ami-1", RootDeviceName: "/dev/sda1", BlockDeviceMappings: disks };
    const ec2 = scriptedEc2({ DescribeImages: { Images: [image] } });
    expect((await findImage(ec2, "ami-1", x86, "us-east-1")).size).toBe(75);
  });

  test.each([
    [["arm64"], "arm64", "arm64"],
    [["i386", "x86_64"], "amd64", "x86_64"],
  ])("is Ubuntu LTS where none is named, for %j", async (architectures, word, architecture) => {
    const found = { Images: [ubuntu("ami-lts", "2026-05-01T00:00:00.000Z")] };
    const ec2 = scriptedEc2({ DescribeImages: [{ Images: [] }, found] });
    expect(await findImage(ec2, "", architectures, "us-east-1")).toMatchObject({ ImageId: "ami-lts", user: "ubuntu" });
    const [latest, before] = ec2.inputs("DescribeImages").map(({ Filters = [] }) => Filters);
    expect(latest?.[0]?.Values).toEqual([`ubuntu/images/hvm-ssd-gp3/ubuntu-*-26.04-${word}-server-*`]);
    expect(before?.[0]?.Values).toEqual([`ubuntu/images/hvm-ssd-gp3/ubuntu-*-24.04-${word}-server-*`]);
    expect(latest).toContainEqual({ Name: "architecture", Values: [architecture] });
  });
});
