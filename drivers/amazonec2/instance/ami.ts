import type { Image as SdkImage } from "@aws-sdk/client-ec2";
import { MachineError } from "../../../src/driver/index.js";
import type { Ec2 } from "../api/calls.js";

export interface Ami {
  /** `ami-...`, or `resolve:ssm:...`, which RunInstances resolves. */
  readonly ImageId: string;
  /** E.g. `/dev/sda1`; empty where it cannot be known. */
  readonly RootDeviceName: string;
  /** `x86_64` or `arm64`; empty where it cannot be known. */
  readonly Architecture: string;
  /** Who logs in; empty where it cannot be known. */
  readonly user: string;
  /** GiB that its root volume has at least; 0 where it cannot be known. */
  readonly size: number;
}

/**
 * Finds the image to start from, with its owner checked: anybody may publish an image of any name.
 * @param asked an id, `OWNER/NAME*` (the newest), `ssm:/PARAMETER`, or empty for the current Ubuntu LTS
 * @param architectures those that the instance type can run
 * @throws MachineError `usage` for what is none of these, `precheck` where there is no such image
 */
export async function findImage(
  ec2: Ec2,
  asked: string,
  architectures: readonly string[],
  region: string,
): Promise<Ami> {
  const parameter = /^(?:resolve:)?ssm:(.+)$/.exec(asked)?.[1];
  if (parameter !== undefined) return byParameter(parameter);
  if (asked === "") return currentLts(ec2, architectures, region);
  const named = /^([0-9]{12}|self|amazon|aws-marketplace)\/(.+)$/.exec(asked);
  if (named !== null) return byName(ec2, named[1] ?? "", named[2] ?? "", architectures);
  if (!/^[a-z]+-[0-9a-z]+$/.test(asked)) {
    throw new MachineError("usage", `--amazonec2-ami ${asked} is no image`, {
      hint: "it takes an id (ami-...), OWNER/NAME* with the owner's account number, self or amazon, or ssm:/PARAMETER",
    });
  }
  const { Images: [image] = [] } = await ec2.call("DescribeImages", { ImageIds: [asked] });
  if (image === undefined) throw noImage(asked);
  return { ...asImage(image), ImageId: asked };
}

/**
 * What is known of the images of a family, by a part of their name or of the name of their public parameter.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/managing-users.html
 */
const families: readonly { readonly pattern: RegExp; readonly user: string; readonly rootDevice: string }[] = [
  { pattern: /canonical|ubuntu/i, user: "ubuntu", rootDevice: "/dev/sda1" },
  { pattern: /debian/i, user: "admin", rootDevice: "/dev/xvda" },
  { pattern: /ami-amazon-linux|amzn|^al20\d\d/i, user: "ec2-user", rootDevice: "/dev/xvda" },
  { pattern: /rocky/i, user: "rocky", rootDevice: "/dev/sda1" },
  { pattern: /fedora/i, user: "fedora", rootDevice: "/dev/sda1" },
  { pattern: /flatcar|coreos/i, user: "core", rootDevice: "/dev/xvda" },
  { pattern: /alpine/i, user: "alpine", rootDevice: "/dev/xvda" },
  { pattern: /arch-linux/i, user: "arch", rootDevice: "/dev/xvda" },
  { pattern: /almalinux|rhel|centos|suse|sles/i, user: "ec2-user", rootDevice: "/dev/sda1" },
];

/** EC2 tells what a parameter stands for only at the launch, so that the rest is told by its name. */
function byParameter(parameter: string): Ami {
  const family = families.find(({ pattern }) => pattern.test(parameter));
  return {
    ImageId: `resolve:ssm:${parameter}`,
    RootDeviceName: family?.rootDevice ?? "",
    Architecture: /arm64|aarch64/.test(parameter) ? "arm64" : /amd64|x86_64/.test(parameter) ? "x86_64" : "",
    user: family?.user ?? "",
    size: 0,
  };
}

/** @see https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
function canonicalIn(region: string): string {
  if (region.startsWith("us-gov-")) return "513442679011";
  return region.startsWith("cn-") ? "837727238323" : "099720109477";
}

/** The last one is for other implementations of the API, which may have old images only. */
async function currentLts(ec2: Ec2, architectures: readonly string[], region: string): Promise<Ami> {
  const architecture = (["x86_64", "arm64"] as const).find((one) => architectures.includes(one)) ?? "x86_64";
  const word = { x86_64: "amd64", arm64: "arm64" }[architecture];
  const names = ["hvm-ssd-gp3/ubuntu-*-26.04", "hvm-ssd-gp3/ubuntu-*-24.04", "hvm-ssd*/ubuntu-*"];
  for (const name of names) {
    const image = await newest(ec2, canonicalIn(region), `ubuntu/images/${name}-${word}-server-*`, [architecture]);
    if (image !== undefined) return asImage(image);
  }
  throw new MachineError("precheck", `there is no image of Ubuntu for ${architecture} in this region`, {
    hint: "name an image: --amazonec2-ami",
  });
}

async function byName(ec2: Ec2, owner: string, name: string, architectures: readonly string[]): Promise<Ami> {
  const image = await newest(ec2, owner, name, architectures);
  if (image === undefined) throw noImage(`${owner}/${name} for ${architectures.join(" or ")}`);
  return asImage(image);
}

async function newest(
  ec2: Ec2,
  owner: string,
  name: string,
  architectures: readonly string[],
): Promise<SdkImage | undefined> {
  const { Images = [] } = await ec2.call("DescribeImages", {
    Owners: [owner],
    Filters: [
      { Name: "name", Values: [name] },
      { Name: "state", Values: ["available"] },
      { Name: "architecture", Values: [...architectures] },
    ],
  });
  const age = ({ CreationDate = "", Name = "" }: SdkImage): string => `${CreationDate} ${Name}`;
  return Images.filter((image) => isOwner(image, owner) && isBootable(image)).reduce<SdkImage | undefined>(
    (best, one) => (best === undefined || age(one) > age(best) ? one : best),
    undefined,
  );
}

function isOwner({ OwnerId }: SdkImage, owner: string): boolean {
  return !/^\d+$/.test(owner) || OwnerId === owner;
}

/** Not by a filter, as not every implementation of the API knows these. */
function isBootable({ RootDeviceType = "ebs", VirtualizationType = "hvm", Platform }: SdkImage): boolean {
  return RootDeviceType === "ebs" && VirtualizationType === "hvm" && Platform === undefined;
}

function asImage(image: SdkImage): Ami {
  const { ImageId = "", RootDeviceName = "", Architecture, Name = "", Description = "" } = image;
  const family = families.find(({ pattern }) => pattern.test(`${Name} ${Description}`));
  const root = image.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === RootDeviceName);
  const size = root?.Ebs?.VolumeSize ?? 0;
  return { ImageId, RootDeviceName, Architecture: Architecture ?? "", user: family?.user ?? "", size };
}

function noImage(asked: string): MachineError {
  return new MachineError("precheck", `there is no image ${asked} in this region`, {
    hint: "see --amazonec2-ami and --amazonec2-region: an image is of one region",
  });
}
