import { isIP } from "node:net";
import { checkSaved, isPort, isText, type Access, type SshTarget } from "../../src/driver/index.js";
import type { Ec2State } from "./state.js";

/** What only a config.json that somebody has edited is not. */
export function checkState(state: Ec2State): void {
  const isAddress = (value: unknown): boolean => value === "" || (typeof value === "string" && isIP(value) !== 0);
  const ids = state.SecurityGroupIds as unknown;
  checkSaved(state, {
    InstanceId: [isText(state.InstanceId, /^(i-[0-9a-z]+)?$/), "the id of an instance"],
    Region: [isText(state.Region, /^[\w.-]+$/), "a region"],
    Id: [isText(state.Id), "text"],
    IPAddress: [isAddress(state.IPAddress), "an IP address"],
    PrivateIPAddress: [isAddress(state.PrivateIPAddress), "an IP address"],
    SSHPort: [isPort(state.SSHPort), "a port"],
    SSHUser: [isText(state.SSHUser), "text"],
    SSHKeyPath: [isText(state.SSHKeyPath), "text"],
    KeyName: [isText(state.KeyName), "text"],
    Endpoint: [isText(state.Endpoint), "text"],
    AccessKey: [isText(state.AccessKey), "text"],
    SecretKey: [isText(state.SecretKey), "text"],
    SessionToken: [isText(state.SessionToken), "text"],
    RetryCount: [Number.isSafeInteger(state.RetryCount), "a number"],
    SecurityGroupId: [isText(state.SecurityGroupId), "text"],
    SecurityGroupIds: [ids === null || (Array.isArray(ids) && ids.every((id) => isText(id))), "a list of text"],
    ...Object.fromEntries(
      (["Profile", "Account", "Owner", "HostKey"] as const).map((key) => [
        key,
        [state[key] === undefined || isText(state[key]), "text"] as const,
      ]),
    ),
  });
}

/** How the machine is reached; nothing but its engine's URL as long as it has no address. */
export function accessOf(state: Ec2State): Access {
  checkState(state);
  const host = addressOf(state);
  const shell = state.Connect === "ssm" ? throughSsm(state) : host === "" ? undefined : target(state, host);
  return {
    docker: host === "" ? "" : `tcp://${host.includes(":") ? `[${host}]` : host}:2376`,
    ...(shell === undefined ? {} : { shell }),
  };
}

function addressOf(state: Ec2State): string {
  return usesPrivateAddress(state) && state.PrivateIPAddress !== "" ? state.PrivateIPAddress : state.IPAddress;
}

export function usesPrivateAddress({ PrivateIPOnly, UsePrivateIP, Connect }: Ec2State): boolean {
  return PrivateIPOnly || UsePrivateIP || Connect === "ssm";
}

function target({ SSHPort: port, SSHUser: user, SSHKeyPath: keyPath, HostKey }: Ec2State, host: string): SshTarget {
  return {
    kind: "ssh",
    host,
    port,
    user,
    ...(keyPath === "" ? {} : { keyPath }),
    ...(HostKey === undefined || HostKey === "" ? {} : { hostKey: HostKey }),
  };
}

/** @see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-enable-ssh-connections.html */
function throughSsm(state: Ec2State): SshTarget | undefined {
  const { InstanceId, SSHPort, Region, Profile = "" } = state;
  if (InstanceId === "") return undefined;
  const session = ["--target", InstanceId, "--document-name", "AWS-StartSSHSession"];
  const port = ["--parameters", `portNumber=${String(SSHPort)}`];
  const account = ["--region", Region, ...(Profile === "" ? [] : ["--profile", Profile])];
  return { ...target(state, InstanceId), proxy: ["aws", "ssm", "start-session", ...session, ...port, ...account] };
}
