import { MachineError, userName, type SshTarget } from "../../driver/index.js";

/** A host on the way to a machine, or the machine's own at the end of it. */
export interface Hop {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** True for the hosts before the last. */
  readonly jump: boolean;
}

/** The hosts that are connected one through the other, the machine's last. A proxy gets to it without any other. */
export function hopsOf({ jump = [], proxy, host, port, user }: SshTarget): readonly Hop[] {
  const jumps = (proxy === undefined ? jump : []).map((text) => {
    const hop = parseJump(text);
    return { ...hop, user: hop.user ?? userName({}), jump: true };
  });
  return [...jumps, { host: withoutBrackets(host), port, user, jump: false }];
}

/**
 * Reads `[user@]host[:port]`; an IPv6 address with a port stands in brackets. As for `ssh -J`, the default user is
 * the one of this computer, which is left undefined here.
 * @throws MachineError `usage`
 */
export function parseJump(text: string): { readonly host: string; readonly port: number; readonly user?: string } {
  const match =
    /^(?:(?<user>[^\s@]+)@)?(?<host>\[[^\s[\]]+\]|[^\s:@[\]]+|[0-9a-f:]+:[0-9a-f:.]*)(?::(?<port>\d+))?$/i.exec(text);
  const { user, host = "", port = "22" } = match?.groups ?? {};
  if (match === null || host.startsWith("-") || Number(port) < 1 || Number(port) > 65_535) {
    throw new MachineError("usage", `not a jump host: ${text}`, { hint: "write [user@]host[:port]" });
  }
  return { host: withoutBrackets(host), port: Number(port), ...(user === undefined ? {} : { user }) };
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
