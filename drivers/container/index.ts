import {
  choice,
  defineDriver,
  greets,
  integer,
  list,
  MachineError,
  poll,
  text,
  type Inspection,
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
  async run({ name: machine, state }, io) {
    const { nodeImage } = await import("./image.js");
    const report = (type: "output" | "notice", line: string): void => {
      io.report({ type, machine, step: "build the node image", at: io.now(), line });
    };
    const { tag, holds } = await nodeImage(io, state, (line) => {
      report("output", line);
    });
    report("notice", `its image ${tag} holds engine ${holds}`);
    return { Image: tag };
  },
};

const startContainer: Step<ContainerState> = {
  name: "start the container",
  run: async (machine, io) => (await import("./start.js")).startContainer(machine, io),
  undo: remove,
};

const waitForSsh: Step<ContainerState> = {
  name: "wait for ssh",
  async run({ name, state }, io) {
    return poll(io, `ssh of ${name}`, { every: 250, limit: 90_000 }, async () => {
      const isUp = await greets(state.SSHPort);
      const now = await inspect(state, io);
      if (isUp) return now.state ?? {};
      if (now.status === "running") return undefined;
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

  inspect: ({ state }, io) => inspect(state, io),
  remove,
  access: (state: ContainerState) => {
    checkState(state);
    return {
      docker: `tcp://127.0.0.1:${String(state.EnginePort)}`,
      enginePort,
      shell: target(state),
      ...(state.PeerAddress === undefined ? {} : { peer: { address: state.PeerAddress, port: enginePort } }),
    };
  },

  async start({ state }, io) {
    await engine(io, state, ["start", state.Container]);
  },
  async stop({ state }, io) {
    await engine(io, state, ["stop", "--time", "60", state.Container]);
  },
  // `kill` fails where it does not run.
  async kill({ state }, io) {
    await engine(io, state, ["stop", "--time", "0", state.Container]);
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

/** One that does not run has no address: the last one is kept until there is another. */
async function inspect(state: ContainerState, io: Io): Promise<Inspection<ContainerState>> {
  checkState(state);
  const address = `{{with index .NetworkSettings.Networks "${state.Network}"}}{{.IPAddress}}{{end}}`;
  const found = await engineIfThere(io, state, [
    ...["inspect", "--format", `{{.State.Status}} ${address}`, state.Container],
  ]);
  const [word = "", PeerAddress = ""] = found?.stdout.trim().split(" ") ?? [];
  return {
    status: found === undefined ? "missing" : (statuses[word] ?? "error"),
    ...(PeerAddress === "" || PeerAddress === state.PeerAddress ? {} : { state: { PeerAddress } }),
  };
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
