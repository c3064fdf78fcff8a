import { greets, MachineError, poll, type Step } from "../../src/driver/index.js";
import { engine } from "./engine.js";
import { statusOf } from "./power.js";
import type { ContainerState } from "./state.js";

const buildImage: Step<ContainerState> = {
  name: "build the node image",
  when: ({ Image }) => Image === "",
  run: async ({ state }, io) => ({ Image: await (await import("./image.js")).nodeImage(io, state) }),
};

const startContainer: Step<ContainerState> = {
  name: "start the container",
  run: async (machine, io) => (await import("./start.js")).startContainer(machine, io),
  undo: async (machine, io) => (await import("./remove.js")).remove(machine, io),
};

const waitForSsh: Step<ContainerState> = {
  name: "wait for ssh",
  async run({ name, state }, io) {
    await poll(io, `ssh of ${name}`, { every: 250, limit: 90_000 }, async () => {
      if (await greets(state.SSHPort)) return true;
      if ((await statusOf({ state }, io)) === "running") return undefined;
      const { stdout, stderr } = await engine(io, state, ["logs", "--tail", "20", state.Container]);
      throw new MachineError("failed", `${name}: the container has ended instead of booting`, {
        output: `${stdout}${stderr}`.trim(),
        hint: "an image for --container-image needs systemd, sshd and an engine, or access to its packages",
      });
    });
  },
};

export const steps: readonly Step<ContainerState>[] = [buildImage, startContainer, waitForSsh];
