import { sshResponds, MachineError, poll, type Step } from "../../src/driver/index.js";
import { engine } from "./engine.js";
import { inspect } from "./power.js";
import type { ContainerState } from "./state.js";

const buildImage: Step<ContainerState> = {
  name: "build the node image",
  when: ({ Image }) => Image === "",
  async run({ state }, io) {
    const { nodeImage } = await import("./image.js");
    const { tag, holds } = await nodeImage(io, state);
    io.notice(`its image ${tag} holds engine ${holds}`);
    return { Image: tag };
  },
};

const startContainer: Step<ContainerState> = {
  name: "start the container",
  run: async (machine, io) => (await import("./start.js")).startContainer(machine, io),
  undo: async (machine, io) => (await import("./remove.js")).remove(machine, io),
};

const waitForSsh: Step<ContainerState> = {
  name: "wait for ssh",
  async run({ name, state }, io) {
    return poll(io, `ssh of ${name}`, { every: 250, limit: 90_000 }, async () => {
      const isUp = await sshResponds(state.SSHPort);
      const now = await inspect({ state }, io);
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

export const steps: readonly Step<ContainerState>[] = [buildImage, startContainer, waitForSsh];
