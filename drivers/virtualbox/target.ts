import type { SshTarget } from "../../src/driver/index.js";
import type { VirtualBoxState } from "./state.js";

/** ssh goes through the port of this computer that VirtualBox forwards. */
export function target({ SSHPort, SSHUser, SSHKeyPath, SSHHostKey = "" }: VirtualBoxState): SshTarget {
  return {
    kind: "ssh",
    host: "127.0.0.1",
    port: SSHPort,
    user: SSHUser,
    ...(SSHKeyPath === "" ? {} : { keyPath: SSHKeyPath }),
    ...(SSHHostKey === "" ? {} : { hostKey: SSHHostKey }),
  };
}
