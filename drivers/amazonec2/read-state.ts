import { isIP } from "node:net";
import { checkSaved, isPort, isText, type DriverState, type Machine } from "../../src/driver/index.js";
import type { Ec2State } from "./state.js";

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
