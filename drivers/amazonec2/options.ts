import { boolean, choice, integer, list, text, type Values } from "../../src/driver/index.js";
import type { AskedSettings } from "./api/settings.js";

/** GiB. */
export const defaultRootSize = 20;

/**
 * docker-machine's options with its variables, then ours. Its own have no variable where docker-machine gave them none.
 * What may be a list of types, subnets or zones is one text with commas, since docker-machine's is one text.
 */
export const options = {
  accessKey: text({ help: "Access key", env: "AWS_ACCESS_KEY_ID", secret: true }),
  secretKey: text({ help: "Secret key", env: "AWS_SECRET_ACCESS_KEY", secret: true }),
  sessionToken: text({ help: "Session token of a temporary key", env: "AWS_SESSION_TOKEN", secret: true }),
  saveCredentials: boolean({
    help: "Save keys that are passed as flags, for later commands on the machine",
    default: true,
    env: null,
  }),
  region: text({
    help: "Region; default: that of the environment or profile, else us-east-1",
    env: "AWS_DEFAULT_REGION",
    ask: true,
    async check(region, values, io) {
      const { checkRegion } = await import("./api/settings.js");
      await checkRegion(region, values as unknown as AskedSettings, io);
    },
  }),
  ami: text({
    help: "Image: an id, OWNER/NAME* for the newest of an owner, or ssm:/PARAMETER; default: the current Ubuntu LTS",
    default: "",
    env: "AWS_AMI",
  }),
  instanceType: text({
    help: "Instance type, or several with commas: the next one is tried where one has no capacity",
    default: "t3.small",
    env: "AWS_INSTANCE_TYPE",
    ask: true,
  }),
  vpcId: text({ help: "VPC; default: the default one", default: "", env: "AWS_VPC_ID" }),
  subnetId: text({
    help: "Subnet, or several with commas; default: chosen by zone",
    default: "",
    env: "AWS_SUBNET_ID",
  }),
  zone: text({ help: "Letter of the zone, or several with commas; default: any", default: "", env: "AWS_ZONE" }),
  securityGroup: list({ help: "Security group, by name or id; default: one that is made", env: "AWS_SECURITY_GROUP" }),
  securityGroupReadonly: boolean({ help: "Change no security group", env: "AWS_SECURITY_GROUP_READONLY" }),
  openPort: list({ help: "Port to open: 8080 or 53/udp", env: null }),
  tags: text({
    help: "Tags for all that is made for the machine alone: key,value,key,value",
    default: "",
    env: "AWS_TAGS",
  }),
  deviceName: text({ help: "Root device; default: that of the image", default: "", env: "AWS_DEVICE_NAME" }),
  rootSize: integer({ help: "Size of the root disk in GB", default: defaultRootSize, min: 1, env: "AWS_ROOT_SIZE" }),
  volumeType: text({ help: "Type of the root disk", default: "gp3", env: "AWS_VOLUME_TYPE" }),
  iamInstanceProfile: text({ help: "Instance profile, by name or ARN", default: "", env: "AWS_INSTANCE_PROFILE" }),
  sshPort: integer({ help: "SSH port", default: 22, min: 1, max: 65_535, env: "AWS_SSH_PORT" }),
  sshUser: text({ help: "User to log in as; default: that of the image", default: "", env: "AWS_SSH_USER" }),
  requestSpotInstance: boolean({ help: "Ask for a spot instance", env: null }),
  spotPrice: text({
    help: "Most to pay for a spot instance per hour, in USD; default: no limit",
    default: "",
    env: null,
  }),
  blockDurationMinutes: integer({
    help: "Minutes that a spot instance is sure to last: 60 to 360",
    default: 0,
    env: null,
  }),
  privateAddressOnly: boolean({ help: "Give the instance no public address", env: null }),
  usePrivateAddress: boolean({ help: "Reach the instance by its private address", env: null }),
  monitoring: boolean({ help: "Detailed monitoring", env: null }),
  useEbsOptimizedInstance: boolean({ help: "EBS-optimised instance, where the type is not already", env: null }),
  sshKeypath: text({ help: "Private key file; default: a key is made", default: "", env: "AWS_SSH_KEYPATH" }),
  keypairName: text({ help: "Key pair that is there already", default: "", env: "AWS_KEYPAIR_NAME" }),
  retries: integer({ help: "How often to try again what may work later; -1: never", default: 5, min: -1, env: null }),
  endpoint: text({ help: "Address of another EC2: HOST[:PORT] or a URL", default: "", env: "AWS_ENDPOINT" }),
  insecureTransport: boolean({ help: "Reach the endpoint by http", env: "AWS_INSECURE_TRANSPORT" }),
  userdata: text({ help: "File of user data for cloud-init", default: "", env: "AWS_USERDATA" }),

  // AWS_PROFILE counts less than keys in the environment, so the plan reads it, not the option.
  profile: text({ help: "Profile of the AWS configuration", default: "", env: null }),
  ingressCidr: list({ help: "Who may reach ssh, the engine and open ports: 192.0.2.0/24; default: this computer" }),
  connect: choice(["address", "ssm"], { help: "How ssh reaches the instance", default: "address" }),
  ipv6: boolean({ help: "Give the instance an IPv6 address" }),
  placementGroup: text({ help: "Placement group", default: "" }),
  kmsKeyId: text({ help: "Key that encrypts the root disk; default: the account's", default: "" }),
  credits: choice(["standard", "unlimited"], { help: "Credit mode of a T type; default: the type's" }),
  hibernation: boolean({ help: "Make the instance able to hibernate" }),
};

export type Ec2Options = Values<typeof options>;
