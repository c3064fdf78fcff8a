import { createServer } from "node:net";
import { MachineError, type Io } from "../../src/driver/index.js";
import { engine, type Outer } from "./engine.js";

/** The label of a machine's container that keeps its ports, also those of a stopped one: `22001,22002`. */
export const portsLabel = "machine.ports";

/**
 * A free port of this computer, below those that the system gives to outgoing connections, so that it is still free
 * when the machine starts again. The caller holds the lock of the ports until the container has them.
 */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new MachineError("failed", `no port between ${String(lowest)} and ${String(highest)} is free`);
}

const [lowest, highest] = [20_000, 32_000];

/** The ports of all machines of this driver. */
export async function takenPorts(io: Io, outer: Outer): Promise<ReadonlySet<number>> {
  const { stdout: ids } = await engine(io, outer, ["ps", "--all", "--quiet", "--filter", `label=${portsLabel}`]);
  if (ids.trim() === "") return new Set();
  const format = `{{index .Config.Labels "${portsLabel}"}}`;
  const { stdout } = await engine(io, outer, ["inspect", "--format", format, ...ids.trim().split(/\s+/)]);
  return new Set(stdout.trim().split(/[\s,]+/).map(Number));
}

export function isFree(port: number): Promise<boolean> {
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
