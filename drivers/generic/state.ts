import { checkSaved, isPort, isText, type DriverState, type SshTarget } from "../../src/driver/index.js";

/** `EnginePort` and `SSHKey` are docker-machine's; the rest is left out of config.json where it is not used. */
export interface GenericState extends DriverState {
  readonly EnginePort: number;
  readonly SSHKey: string;
  readonly SSHHostKey?: string;
  readonly SSHJump?: readonly string[];
}

/** What only a config.json that somebody has edited is not. */
export function checkState(state: GenericState): void {
  const { SSHHostKey, SSHJump } = state;
  checkSaved(state, {
    EnginePort: [isPort(state.EnginePort), "a port"],
    SSHPort: [isPort(state.SSHPort), "a port"],
    IPAddress: [URL.canParse(`tcp://${bracketed(state.IPAddress)}:1`), "an address or a name"],
    SSHHostKey: [SSHHostKey === undefined || isText(SSHHostKey), "text"],
    SSHJump: [
      SSHJump === undefined || (Array.isArray(SSHJump) && SSHJump.every((jump) => isText(jump))),
      "a list of text",
    ],
  });
}

export function engineUrl({ IPAddress, EnginePort }: GenericState): string {
  return `tcp://${bracketed(IPAddress)}:${String(EnginePort)}`;
}

export function target(state: GenericState): SshTarget {
  return {
    kind: "ssh",
    host: state.IPAddress,
    port: state.SSHPort,
    user: state.SSHUser,
    ...(state.SSHKeyPath === "" ? {} : { keyPath: state.SSHKeyPath }),
    ...(state.SSHHostKey === undefined ? {} : { hostKey: state.SSHHostKey }),
    ...(state.SSHJump === undefined ? {} : { jump: state.SSHJump }),
  };
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
