import {
  choice,
  defineDriver,
  greets,
  integer,
  list,
  MachineError,
  poll,
  text,
  type Io,
  type Machine,
  type SshTarget,
  type Status,
  type Step,
} from "../../src/driver/index.js";
import { checkState, enginePort, type ContainerState } from "./container.js";
import { engine, engineIfThere, findEngine } from "./engine.js";

const buildImage: Step<ContainerState> = {
  name: "build the node image",
  when: ({ Image }) => Image === "",
  run: async ({ state }, io) => ({ Image: await (await import("./image.js")).nodeImage(io, state) }),
};

const startContainer: Step<ContainerState> = {
  name: "start the container",
  run: async (machine, io) => (await import("./start.js")).startContainer(machine, io),
  undo: remove,
};

const waitForSsh: Step<ContainerState> = {
  name: "wait for ssh",
  async run({ name, state }, io) {
    await poll(io, `ssh of ${name}`, { every: 250, limit: 90_000 }, async () => {
      if (await greets(state.SSHPort)) return true;
      if ((await statusOf(state, io)) === "running") return undefined;
      const { stdout, stderr } = await engine(io, state, ["logs", "--tail", "20", state.Container]);
      throw new MachineError("failed", `${name}: the container has ended instead of booting`, {
        output: `${stdout}${stderr}`.trim(),
        hint: "an image for --container-image needs systemd, sshd and an engine, or access to its packages",
      });
    });
  },
};

/** A Docker host inside a container of this computer's engine: for labs, CI and a first try. */
export default defineDriver({
  name: "container",
  summary: "A Docker host in a container on this computer",
  options: {
    program: choice(["docker", "podman"], { help: "Program that runs the container", default: "docker" }),
    image: text({ help: "Image with systemd and sshd; default: one that is built once", default: "" }),
    cpus: text({ help: "Number of CPUs that it may use, e.g. 1.5; default: all", default: "", ask: true }),
    memory: text({ help: "Memory that it may use, e.g. 2g; default: all", default: "", ask: true }),
    network: text({ help: "Network on which the machines reach each other by name", default: "machine" }),
    publish: list({ help: "Port to publish on this computer, as docker run takes it: 8080:80" }),
    volume: list({ help: "Folder or volume to mount, as docker run takes it: /src:/dst:ro" }),
    enginePort: integer({ help: "Port on this computer for the engine; default: a free one", min: 1, max: 65_535 }),
  },

  async plan(options, { name, common }, io): Promise<ContainerState> {
    checkOptions(options);
    return {
      ...common,
      ...(await findEngine(options.program, io)),
      IPAddress: "127.0.0.1",
      SSHUser: "root",
      Container: `${name}-${crypto.randomUUID().slice(0, 8)}`,
      Image: options.image,
      EnginePort: options.enginePort ?? 0,
      SSHHostKey: "",
      Network: options.network,
      CPUs: options.cpus,
      Memory: options.memory,
      Publish: options.publish,
      Volumes: options.volume,
    };
  },
  doctor: async ({ program }) => (await import("./doctor.js")).checks(program),
  create: [buildImage, startContainer, waitForSsh],

  inspect: async ({ state }, io) => ({ status: await statusOf(state, io) }),
  remove,
  access: (state: ContainerState) => {
    checkState(state);
    return { docker: `tcp://127.0.0.1:${String(state.EnginePort)}`, enginePort, shell: target(state) };
  },

  async start({ state }, io) {
    await engine(io, state, ["start", state.Container]);
  },
  async stop({ state }, io) {
    await engine(io, state, ["stop", "--time", "60", state.Container]);
  },
  async kill({ state }, io) {
    await engine(io, state, ["kill", state.Container]);
  },
});

async function remove(machine: Machine<ContainerState>, io: Io): Promise<void> {
  checkState(machine.state);
  await (await import("./start.js")).removeContainer(machine, io);
}

function target(state: ContainerState): SshTarget {
  const { IPAddress: host, SSHPort: port, SSHUser: user, SSHKeyPath: keyPath, SSHHostKey: hostKey } = state;
  return { kind: "ssh", host, port, user, keyPath, hostKey };
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

async function statusOf(state: ContainerState, io: Io): Promise<Status> {
  checkState(state);
  const found = await engineIfThere(io, state, ["inspect", "--format", "{{.State.Status}}", state.Container]);
  return found === undefined ? "missing" : (statuses[found.stdout.trim()] ?? "error");
}

/** @throws MachineError `usage` with all that is wrong */
function checkOptions({ cpus, memory, network }: Readonly<Record<"cpus" | "memory" | "network", string>>): void {
  const problems = [
    /^(\d+(\.\d+)?)?$/.test(cpus) ? "" : `--container-cpus must be a number, not "${cpus}"`,
    /^(\d+[bkmg]?)?$/i.test(memory) ? "" : `--container-memory must be a number and b, k, m or g, not "${memory}"`,
    /^(|bridge|default|host|none|podman)$|^container:/.test(network)
      ? `--container-network must be a network of its own, on which names are known, not "${network}"`
      : "",
  ].filter((problem) => problem !== "");
  if (problems.length > 0) throw new MachineError("usage", problems.join("\n"));
}
