import type { Inspection, Io, Machine, Status } from "../../src/driver/index.js";
import { ensureNetwork, lockName } from "./container.js";
import { engine, engineIfThere, outputOf } from "./engine.js";
import { checkState, type ContainerState } from "./state.js";

type ContainerMachine = Pick<Machine<ContainerState>, "state">;
type StartedMachine = Pick<Machine<ContainerState>, "name" | "state">;

export async function start({ name, state }: StartedMachine, io: Io): Promise<void> {
  const run = async (...args: readonly string[]): Promise<void> => {
    await engine(io, state, args);
  };
  try {
    await run("start", state.Container);
  } catch (error) {
    if (!/network .*not found/i.test(outputOf(error))) throw error;
    // `docker network prune` takes a network away on which no container runs.
    await io.lock(lockName, async () => {
      await ensureNetwork(io, state);
      await engineIfThere(io, state, ["network", "disconnect", "--force", state.Network, state.Container]);
      await run("network", "connect", "--alias", name, state.Network, state.Container);
    });
    await run("start", state.Container);
  }
}

export async function stop({ state }: ContainerMachine, io: Io): Promise<void> {
  await engine(io, state, ["stop", "--time", "60", state.Container]);
}

/** `docker kill` fails on one that does not run. */
export async function kill({ state }: ContainerMachine, io: Io): Promise<void> {
  await engine(io, state, ["stop", "--time", "0", state.Container]);
}

/** What the engine calls a container's status, in our words. */
const statuses: Readonly<Record<string, Status>> = {
  created: "stopped",
  configured: "stopped",
  initialized: "stopped",
  running: "running",
  paused: "paused",
  restarting: "starting",
  stopping: "stopping",
  removing: "stopping",
  stopped: "stopped",
  exited: "stopped",
  dead: "error",
};

/** One that does not run has no address: the last one is kept until there is another. */
export async function inspect({ state }: ContainerMachine, io: Io): Promise<Inspection<ContainerState>> {
  checkState(state);
  const address = `{{with index .NetworkSettings.Networks "${state.Network}"}}{{.IPAddress}}{{end}}`;
  const format = `{{.State.Status}} ${address}`;
  const found = await engineIfThere(io, state, ["inspect", "--format", format, state.Container]);
  const [word = "", PeerAddress = ""] = found?.stdout.trim().split(" ") ?? [];
  return {
    status: found === undefined ? "missing" : (statuses[word] ?? "error"),
    ...(PeerAddress === "" || PeerAddress === state.PeerAddress ? {} : { state: { PeerAddress } }),
  };
}
