import { MachineError } from "./error.js";

/** Where an engine listens for TLS, as docker has it. */
export const enginePort = 2376;

/**
 * A free loopback port of this computer, below those that the system gives to outgoing connections, so that it is still
 * free when the machine starts again. The caller holds a lock until the port is taken, or {@link reserve}s it.
 * @param taken ports of machines that do not run now
 */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new MachineError("failed", `no port between ${String(lowest)} and ${String(highest)} is free`);
}

const [lowest, highest] = [20_000, 32_000];

/** True when nobody listens there. */
export async function isFree(port: number): Promise<boolean> {
  const { createServer } = await import("node:net");
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** True when an ssh server responds there; a forwarder of ports accepts connections for one that is not up yet. */
export async function sshResponds(port: number): Promise<boolean> {
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: 5_000 });
    const end = (result: boolean) => (): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("data", end(true)).once("timeout", end(false)).once("error", end(false)).once("end", end(false));
  });
}
