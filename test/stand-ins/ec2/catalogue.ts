import type * as sdk from "@aws-sdk/client-ec2";

/** What AWS offers in each region: images, and the types below. */
export interface CatalogueImage extends sdk.Image {
  readonly ImageId: string;
  readonly Architecture: "x86_64" | "arm64";
  readonly RootDeviceName: string;
  /** Account that cloud-init gives the key to. */
  readonly user: string;
  /** Parameters of SSM that name it. */
  readonly parameters: readonly RegExp[];
}

const amazon = "137112412989";
const canonical = "099720109477";
const debian = "136693071363";

/** Newest last, but one: somebody else's image with a name like Canonical's and a later date. */
export const images: readonly CatalogueImage[] = (["x86_64", "arm64"] as const).flatMap((arch, index) => {
  const deb = arch === "x86_64" ? "amd64" : "arm64";
  const id = (start: string): string => `ami-${start}${"0".repeat(16 - start.length)}${String(index + 1)}`;
  const ubuntu = (release: string, code: string, day: string) => ({
    id: id(`0ab${release.replace(".", "")}${day}`),
    owner: canonical,
    name: `ubuntu/images/hvm-ssd-gp3/ubuntu-${code}-${release}-${deb}-server-${day}`,
    day,
    root: "/dev/sda1",
    user: "ubuntu",
  });
  const ssm = (release: string, code: string): RegExp =>
    RegExp(`^/aws/service/canonical/ubuntu/server/(${release}|${code})/stable/current/${deb}/hvm/ebs-gp[23]/ami-id$`);
  const debianImage = (release: string, day: string) => ({
    id: id(`0de${release}${day}`),
    owner: debian,
    name: `debian-${release}-${deb}-${day}-2342`,
    day,
    root: "/dev/xvda",
    user: "admin",
    parameters: [RegExp(`^/aws/service/debian/release/${release}/latest/${deb}$`)],
  });
  return [
    ubuntu("24.04", "noble", "20250301"),
    { ...ubuntu("24.04", "noble", "20260601"), parameters: [ssm("24.04", "noble")] },
    { ...ubuntu("26.04", "resolute", "20260701"), parameters: [ssm("26.04", "resolute")] },
    { ...debianImage("13", "20250901"), parameters: [] },
    debianImage("12", "20260401"),
    debianImage("13", "20260501"),
    {
      id: id("0a2023"),
      owner: amazon,
      name: `al2023-ami-2023.9.20260615.0-kernel-6.12-${arch}`,
      day: "20260615",
      root: "/dev/xvda",
      user: "ec2-user",
      parameters: [RegExp(`^/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-(default|6\\.12)-${arch}$`)],
    },
    { ...ubuntu("26.04", "resolute", "20261001"), id: id("0bad"), owner: "666666666666" },
  ].map((source) => image(source, arch));
});

interface Source {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly day: string;
  readonly root: string;
  readonly user: string;
  readonly parameters?: readonly RegExp[];
}

function image(source: Source, architecture: "x86_64" | "arm64"): CatalogueImage {
  const { id, owner, name, day, root, user, parameters = [] } = source;
  return {
    ImageId: id,
    OwnerId: owner,
    Name: name,
    Description: name,
    Architecture: architecture,
    CreationDate: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T01:02:03.000Z`,
    ImageLocation: `${owner}/${name}`,
    ImageType: "machine",
    Public: true,
    State: "available",
    Hypervisor: "xen",
    VirtualizationType: "hvm",
    EnaSupport: true,
    RootDeviceType: "ebs",
    RootDeviceName: root,
    BlockDeviceMappings: [
      {
        DeviceName: root,
        Ebs: { DeleteOnTermination: true, SnapshotId: "snap-0123456789abcdef0", VolumeSize: 8, VolumeType: "gp3" },
      },
      { DeviceName: "/dev/sdb", VirtualName: "ephemeral0" },
    ],
    ...(owner === amazon || owner === canonical ? { ImageOwnerAlias: "amazon" } : {}),
    user,
    parameters,
  };
}

/** Type -> architecture, vCPUs, GiB of memory. */
const sizes: Readonly<Record<string, readonly ["x86_64" | "arm64", number, number]>> = {
  "t2.micro": ["x86_64", 1, 1],
  "t3.micro": ["x86_64", 2, 1],
  "t3.small": ["x86_64", 2, 2],
  "t3.medium": ["x86_64", 2, 4],
  "t3a.small": ["x86_64", 2, 2],
  "t4g.micro": ["arm64", 2, 1],
  "t4g.small": ["arm64", 2, 2],
  "t4g.medium": ["arm64", 2, 4],
  "m5.large": ["x86_64", 2, 8],
  "m7i.large": ["x86_64", 2, 8],
  "m7g.medium": ["arm64", 1, 4],
  "c7g.medium": ["arm64", 1, 2],
};

export const types: readonly sdk.InstanceTypeInfo[] = Object.entries(sizes).map(
  ([name, [architecture, cpus, memory]]) => ({
    InstanceType: name as sdk._InstanceType,
    CurrentGeneration: !name.startsWith("t2"),
    FreeTierEligible: name === "t3.micro" || name === "t4g.small",
    SupportedUsageClasses: ["on-demand", "spot"],
    SupportedRootDeviceTypes: ["ebs"],
    SupportedVirtualizationTypes: ["hvm"],
    BareMetal: false,
    Hypervisor: name.startsWith("t2") ? "xen" : "nitro",
    ProcessorInfo: { SupportedArchitectures: [architecture], SustainedClockSpeedInGhz: 2.5 },
    VCpuInfo: { DefaultVCpus: cpus, DefaultCores: cpus, DefaultThreadsPerCore: 1 },
    MemoryInfo: { SizeInMiB: memory * 1024 },
    InstanceStorageSupported: false,
    EbsInfo: { EbsOptimizedSupport: name.startsWith("t2") ? "unsupported" : "default", EncryptionSupport: "supported" },
    NetworkInfo: { MaximumNetworkInterfaces: 3, Ipv6Supported: true, EnaSupport: "required" },
    HibernationSupported: ["t2", "t3", "m5", "m7i"].includes(name.split(".")[0] ?? ""),
    BurstablePerformanceSupported: name.startsWith("t"),
    DedicatedHostsSupported: false,
    AutoRecoverySupported: true,
  }),
);
