import type { DriverState } from "../../src/driver/index.js";

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
