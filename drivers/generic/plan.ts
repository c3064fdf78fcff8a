import { MachineError, type Io, type MachinePlan } from "../../src/driver/index.js";
import { readableKey } from "./key.js";
import type { GenericOptions } from "./options.js";
import { isHost, type GenericState } from "./state.js";

/** Checks the options; whether the host answers is seen by the first step. */
export async function plan(options: GenericOptions, { common }: MachinePlan, io: Io): Promise<GenericState> {
  const { ipAddress, sshHostKey, sshJump, peerAddress } = options;
  if (ipAddress === undefined || ipAddress === "") {
    throw new MachineError("usage", "generic driver requires the --generic-ip-address option");
  }
  if (sshHostKey !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(sshHostKey)) {
    throw new MachineError("usage", "--generic-ssh-host-key must be SHA256: and 43 letters, as ssh-keygen -l prints");
  }
  if (peerAddress !== undefined && !isHost(peerAddress)) {
    throw new MachineError("usage", `--generic-peer-address must be an address or a name, not "${peerAddress}"`);
  }
  const key = options.sshKey === undefined ? "" : await readableKey(options.sshKey, io);
  return {
    ...common,
    IPAddress: ipAddress,
    SSHUser: options.sshUser,
    SSHPort: options.sshPort,
    SSHKeyPath: key,
    EnginePort: options.enginePort,
    SSHKey: key,
    ...(sshHostKey === undefined ? {} : { SSHHostKey: sshHostKey }),
    ...(sshJump.length === 0 ? {} : { SSHJump: sshJump }),
    ...(peerAddress === undefined ? {} : { PeerAddress: peerAddress }),
  };
}
