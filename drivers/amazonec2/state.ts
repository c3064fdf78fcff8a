import { isIP } from "node:net";
import { checkSaved, isPort, isText, type DriverState, type Machine } from "../../src/driver/index.js";

/** The `Driver` object of config.json: the members that docker-machine 0.16 has, in its order, then ours. */
export interface Ec2State extends DriverState {
  /** docker-machine's random id of the machine; ours keeps one for its sake. */
  readonly Id: string;
  /** Only in stores that docker-machine wrote: ours never saves a secret. */
  readonly AccessKey: string;
  readonly SecretKey: string;
  readonly SessionToken: string;
  readonly Region: string;
  /** Resolved: `ami-...`. */
  readonly AMI: string;
  readonly SSHKeyID: number;
  /** The key pair is the user's: never deleted. */
  readonly ExistingKey: boolean;
  /** Name of the key pair while it is at EC2; empty once ours is deleted. */
  readonly KeyName: string;
  readonly InstanceId: string;
  readonly InstanceType: string;
  readonly PrivateIPAddress: string;
  readonly SecurityGroupId: string;
  readonly SecurityGroupIds: readonly string[];
  readonly SecurityGroupName: string;
  readonly SecurityGroupNames: readonly string[];
  readonly SecurityGroupReadOnly: boolean;
  readonly OpenPorts: readonly string[];
  /** `key,value,key,value`. */
  readonly Tags: string;
  readonly ReservationId: string;
  readonly DeviceName: string;
  /** GB. */
  readonly RootSize: number;
  readonly VolumeType: string;
  readonly IamInstanceProfile: string;
  readonly VpcId: string;
  readonly SubnetId: string;
  /** The letter only, as docker-machine has it. */
  readonly Zone: string;
  readonly RequestSpotInstance: boolean;
  readonly SpotPrice: string;
  readonly BlockDurationMinutes: number;
  readonly PrivateIPOnly: boolean;
  readonly UsePrivateIP: boolean;
  readonly UseEbsOptimizedInstance: boolean;
  readonly Monitoring: boolean;
  readonly SSHPrivateKeyPath: string;
  readonly RetryCount: number;
  readonly Endpoint: string;
  readonly DisableSSL: boolean;
  readonly UserDataFile: string;

  // From here on ours; absent in stores that docker-machine wrote.
  /** Profile of the AWS configuration whose credentials are used; empty: the default chain. */
  readonly Profile?: string;
  /** Number of the account that owns the instance: another one is refused. */
  readonly Account?: string;
  /** Id of the store, for the tag `machine:owner`. */
  readonly Owner?: string;
  /** Of RunInstances: the same launch again gives the same instance. */
  readonly ClientToken?: string;
  /** Milliseconds since 1970 of the last moment before an instance was asked for: EC2 may not show it for some minutes. */
  readonly LaunchedAt?: number;
  /** `SHA256:...` of the host key, once the console has shown it; empty: it is pinned at the first contact. */
  readonly HostKey?: string;
  /** `address` or `ssm`. */
  readonly Connect?: "address" | "ssm";
  /** The engine opens no port: docker reaches it by ssh. */
  readonly HasNoEnginePort?: boolean;
  /** Who may reach ssh and the engine, as asked for by --amazonec2-ingress-cidr. */
  readonly IngressCidrs?: readonly string[];
  /** Types and zones to fall back to when one has no capacity, in order; the present ones first. */
  readonly Fallbacks?: readonly { readonly InstanceType: string; readonly SubnetId: string; readonly Zone: string }[];
  /** Launch facts that only RunInstances needs and docker-machine has no member for. */
  readonly Launch?: {
    readonly Ipv6: boolean;
    readonly Placement: string;
    /** `standard` or `unlimited`; empty: the type's own. */
    readonly Credits: string;
    readonly Hibernation: boolean;
    /** Poweroff on the host terminates the instance (--ttl). */
    readonly TerminateOnShutdown: boolean;
    readonly KmsKey: string;
  };
}

/**
 * A saved state with all of docker-machine's members: one that is missing or null, as in stores that were written before
 * it had the member, is what docker-machine takes it for.
 * @throws MachineError `failed` for what only a config.json is that somebody has edited
 */
export function stateOf(saved: Readonly<DriverState>): Ec2State {
  const given = Object.fromEntries(Object.entries(saved).filter(([, value]: [string, unknown]) => value !== null));
  const state = { ...zeroValues, ...given } as unknown as Ec2State;
  const { SSHPort, SSHUser } = state;
  const full = {
    ...state,
    SSHPort: (SSHPort as unknown) === 0 ? 22 : SSHPort,
    SSHUser: SSHUser === "" ? "ubuntu" : SSHUser,
  };
  check(full);
  return full;
}

/** The machine with its state as {@link stateOf} reads it. */
export function readMachine(machine: Machine): Machine<Ec2State> {
  return { ...machine, state: stateOf(machine.state) };
}

/** docker-machine's own members by their kind, with Go's zero value of it. */
const kinds = [
  {
    zero: "",
    what: "text",
    isRight: (value: unknown) => isText(value),
    members: [
      ...["Id", "AccessKey", "SecretKey", "SessionToken", "Region", "AMI", "KeyName", "InstanceId", "InstanceType"],
      ...["PrivateIPAddress", "SecurityGroupId", "SecurityGroupName", "Tags", "ReservationId", "DeviceName"],
      ...["VolumeType", "IamInstanceProfile", "VpcId", "SubnetId", "Zone", "SpotPrice", "SSHPrivateKeyPath"],
      ...["Endpoint", "UserDataFile"],
    ],
  },
  {
    zero: 0,
    what: "a whole number",
    isRight: Number.isSafeInteger,
    members: ["SSHKeyID", "RootSize", "BlockDurationMinutes", "RetryCount"],
  },
  {
    zero: false,
    what: "true or false",
    isRight: (value: unknown) => typeof value === "boolean",
    members: [
      ...["ExistingKey", "SecurityGroupReadOnly", "RequestSpotInstance", "PrivateIPOnly", "UsePrivateIP"],
      ...["UseEbsOptimizedInstance", "Monitoring", "DisableSSL"],
    ],
  },
  {
    zero: [],
    what: "a list of text",
    isRight: (value: unknown) => Array.isArray(value) && value.every((one) => isText(one)),
    members: ["SecurityGroupIds", "SecurityGroupNames", "OpenPorts"],
  },
] as const;

const zeroValues = Object.fromEntries(kinds.flatMap(({ zero, members }) => members.map((name) => [name, zero])));

function check(state: Ec2State): void {
  const isAddress = (value: string): boolean => value === "" || isIP(value) !== 0;
  const values: Readonly<Record<string, unknown>> = { ...state };
  const isTextOrAbsent = (value: unknown): boolean => value === undefined || isText(value);
  checkSaved(
    state,
    Object.fromEntries([
      ...kinds.flatMap(({ what, isRight, members }) =>
        members.map((name) => [name, [isRight(values[name]), what] as const] as const),
      ),
      ...["Profile", "Account", "Owner", "HostKey"].map(
        (name) => [name, [isTextOrAbsent(values[name]), "text"] as const] as const,
      ),
    ]),
  );
  checkSaved(state, {
    InstanceId: [isText(state.InstanceId, /^(i-[0-9a-z]+)?$/), "the id of an instance"],
    Region: [isText(state.Region, /^[\w.-]+$/), "a region"],
    IPAddress: [isAddress(state.IPAddress), "an IP address"],
    PrivateIPAddress: [isAddress(state.PrivateIPAddress), "an IP address"],
    SSHPort: [isPort(state.SSHPort), "a port"],
  });
}
