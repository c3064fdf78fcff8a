import { enginePort, engineUrl, sshTarget } from "../../src/driver/index.js";
import type { Access, DriverState, SshTarget } from "../../src/driver/index.js";
import { stateOf, type Ec2State } from "./state.js";

/** How the machine is reached; nothing but its engine's URL as long as it has no address. */
export function accessOf(saved: Readonly<DriverState>): Access {
  const state = stateOf(saved);
  const host = addressOf(state);
  const shell =
    state.Connect === "ssm" ? throughSsm(state) : host === "" ? undefined : sshTarget(state, state.HostKey, host);
  return {
    docker: host === "" ? "" : engineUrl(host),
    ...(shell === undefined ? {} : { shell }),
    ...(state.PrivateIPAddress === "" ? {} : { peer: { address: state.PrivateIPAddress, port: enginePort } }),
  };
}

function addressOf(state: Ec2State): string {
  return usesPrivateAddress(state) && state.PrivateIPAddress !== "" ? state.PrivateIPAddress : state.IPAddress;
}

export function usesPrivateAddress({ PrivateIPOnly, UsePrivateIP, Connect }: Ec2State): boolean {
  return PrivateIPOnly || UsePrivateIP || Connect === "ssm";
}

/** @see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-enable-ssh-connections.html */
function throughSsm(state: Ec2State): SshTarget | undefined {
  const { InstanceId, SSHPort, Region, Profile = "" } = state;
  if (InstanceId === "") return undefined;
  const session = ["--target", InstanceId, "--document-name", "AWS-StartSSHSession"];
  const port = ["--parameters", `portNumber=${String(SSHPort)}`];
  const account = ["--region", Region, ...(Profile === "" ? [] : ["--profile", Profile])];
  const proxy = ["aws", "ssm", "start-session", ...session, ...port, ...account];
  return { ...sshTarget(state, state.HostKey, InstanceId), proxy };
}
