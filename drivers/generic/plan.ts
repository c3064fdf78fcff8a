import { MachineError, type Io, type MachinePlan } from "../../src/driver/index.js";
import { readableKey } from "./key.js";
import type { GenericOptions } from "./options.js";
import { isHost, type GenericState } from "./state.js";

/** Checks the options; whether the host answers is seen by the first step. */
export async function plan(options: GenericOptions, { common }: MachinePlan, io: Io): Promise<GenericState> {
  const { sshHostKey, sshJump, peerAddress } = options;
  const address = options.ipAddress?.trim() ?? "";
  if (address === "") throw new MachineError("usage", "generic driver requires the --generic-ip-address option");
  if (!isHost(address)) throw notAHost(address);
  if (sshHostKey !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(sshHostKey)) {
    throw new MachineError("usage", "--generic-ssh-host-key must be SHA256: and 43 letters, as ssh-keygen -l prints");
  }
  if (peerAddress !== undefined && !isHost(peerAddress)) {
    throw new MachineError("usage", `--generic-peer-address must be an address or a name, not "${peerAddress}"`);
  }
  const key = options.sshKey === undefined ? "" : await readableKey(options.sshKey, io);
  return {
    ...common,
    IPAddress: withoutBrackets(address),
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

function notAHost(address: string): MachineError {
  return new MachineError("usage", `--generic-ip-address must be an address or a name, not "${address}"`, {
    ...(address.includes("@") && { hint: "use --generic-ssh-user for the user" }),
    ...(/:\d+$/.test(address) && { hint: "use --generic-ssh-port for the port" }),
    ...(address.includes("%") && { hint: "addresses with a zone (%eth0) are not supported" }),
  });
}

/** As it is shown by `machine ip`. */
function withoutBrackets(address: string): string {
  return address.replace(/^\[(.*)\]$/, "$1");
}
