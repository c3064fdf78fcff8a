import type { ClientChannel } from "ssh2";
import { MachineError, messageOf } from "../../driver/index.js";
import { broken, type Link } from "./session.js";

/** Connects to a unix socket on the host, as the user who logged in. @throws MachineError `unreachable` */
export function connectToSocket(link: Link, path: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    if (link.lost() !== undefined) throw broken(link);
    link.client.openssh_forwardOutStreamLocal(path, (error, channel) => {
      if (error === undefined) resolve(channel);
      else reject(link.lost() === undefined ? notConnected(link, path, error) : broken(link));
    });
  });
}

function notConnected({ machine }: Link, path: string, cause: Error): MachineError {
  return new MachineError("unreachable", `${machine}: sshd does not get to ${path}: ${messageOf(cause)}`, {
    hint: "does the engine run, may the user open its socket (group docker), and does sshd allow it (AllowStreamLocalForwarding)?",
    cause,
  });
}
