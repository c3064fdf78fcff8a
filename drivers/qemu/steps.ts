import type { Step } from "../../src/driver/index.js";
import type { QemuState } from "./state.js";

const getImage: Step<QemuState> = {
  name: "get the image",
  async run(machine, io) {
    const { imageOf } = await import("./disk.js");
    return { ImageDigest: (await imageOf(machine, io)).digest };
  },
};

const makeDisk: Step<QemuState> = {
  name: "make the disk",
  run: async (machine, io) => (await import("./disk.js")).makeDisk(machine, io),
  undo: async (machine, io) => (await import("./remove.js")).remove(machine, io),
};

const startMachine: Step<QemuState> = {
  name: "start the machine",
  async run(machine, io) {
    const [{ endAll }, { launch }] = await Promise.all([import("./power.js"), import("./launch.js")]);
    await endAll(machine, io);
    return launch(machine, io);
  },
  undo: async (machine, io) => (await import("./remove.js")).remove(machine, io),
};

const waitForSsh: Step<QemuState> = {
  name: "wait for ssh",
  run: async (machine, io) => (await import("./boot.js")).bootUp(machine, io),
};

const finishBoot: Step<QemuState> = {
  name: "finish the first boot",
  run: async (machine, io) => (await import("./boot.js")).finishBoot(machine, io),
};

export const steps: readonly Step<QemuState>[] = [getImage, makeDisk, startMachine, waitForSsh, finishBoot];
