import { connect } from "node:net";

/** True when something accepts a TCP connection there within `limit` milliseconds. The socket is closed at once. */
export function answers(host: string, port: number, limit = 5_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port, timeout: limit });
    const end = (result: boolean) => (): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", end(true)).once("timeout", end(false)).once("error", end(false));
  });
}
