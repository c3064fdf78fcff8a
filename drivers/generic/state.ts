import {
  checkSaved,
  engineUrl,
  isPort,
  isText,
  sshTarget,
  type DriverState,
  type SshTarget,
} from "../../src/driver/index.js";

/** `EnginePort` and `SSHKey` are docker-machine's; the rest is left out of config.json where it is not used. */
export interface GenericState extends DriverState {
  readonly EnginePort: number;
  readonly SSHKey: string;
  readonly SSHHostKey?: string;
  readonly SSHJump?: readonly string[];
  readonly PeerAddress?: string;
}

/** What only a config.json that somebody has edited is not. */
export function checkState(state: GenericState): void {
  const { SSHHostKey, SSHJump, PeerAddress } = state;
  checkSaved(state, {
    EnginePort: [isPort(state.EnginePort), "a port"],
    SSHPort: [isPort(state.SSHPort), "a port"],
    IPAddress: [isHost(state.IPAddress), "an address or a name"],
    PeerAddress: [PeerAddress === undefined || (isText(PeerAddress) && isHost(PeerAddress)), "an address or a name"],
    SSHHostKey: [SSHHostKey === undefined || isText(SSHHostKey), "text"],
    SSHJump: [
      SSHJump === undefined || (Array.isArray(SSHJump) && SSHJump.every((jump) => isText(jump))),
      "a list of text",
    ],
  });
}

/** An address or a name, without port and user. A zone (`fe80::1%eth0`) has no place in a URL. */
export function isHost(host: string): boolean {
  return /^[^\s@/?#\\]+$/.test(host) && URL.canParse(engineUrl(host));
}

export function target(state: GenericState): SshTarget {
  const { SSHHostKey, SSHJump: jump } = state;
  return { ...sshTarget(state, SSHHostKey), ...(jump === undefined ? {} : { jump }) };
}
