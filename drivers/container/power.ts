import type { Io, Machine, Status } from "../../src/driver/index.js";
import { engine, engineIfThere } from "./engine.js";
import { checkState, type ContainerState } from "./state.js";

type ContainerMachine = Pick<Machine<ContainerState>, "state">;

export async function start({ state }: ContainerMachine, io: Io): Promise<void> {
  await engine(io, state, ["start", state.Container]);
}

export async function stop({ state }: ContainerMachine, io: Io): Promise<void> {
  await engine(io, state, ["stop", "--time", "60", state.Container]);
}

export async function kill({ state }: ContainerMachine, io: Io): Promise<void> {
  await engine(io, state, ["kill", state.Container]);
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

export async function statusOf({ state }: ContainerMachine, io: Io): Promise<Status> {
  checkState(state);
  const found = await engineIfThere(io, state, ["inspect", "--format", "{{.State.Status}}", state.Container]);
  return found === undefined ? "missing" : (statuses[found.stdout.trim()] ?? "error");
}
