import type { Io, Machine, Step } from "../../src/driver/index.js";
import { isBoot2Docker, type VirtualBoxState, type VBoxMachine } from "./state.js";
import type { VBoxManage } from "./vboxmanage.js";

/** Makes a method of a driver from what it does with VBoxManage. */
export type Runs = <T>(
  work: (vbox: VBoxManage, machine: VBoxMachine) => Promise<T>,
) => (machine: Machine, io: Io) => Promise<T>;

/** In the order in which they are gone through. */
export function stepsOn(on: Runs): readonly Step<VirtualBoxState>[] {
  return [...makingSteps(on), ...bootingSteps(on)];
}

const isNew = (state: VirtualBoxState): boolean => !isBoot2Docker(state);

function makingSteps(on: Runs): readonly Step<VirtualBoxState>[] {
  return [
    {
      name: "get the image",
      run: on(async (vbox, machine) => {
        if (isNew(machine.state)) return (await import("./disk.js")).getImage(machine, vbox.io);
        return (await import("./boot2docker.js")).getIso(vbox, machine);
      }),
    },
    {
      name: "choose a network and an address",
      when: isNew,
      run: on(async (vbox, machine) => (await import("./make-network.js")).chooseAddress(vbox, machine)),
    },
    {
      name: "make the virtual machine",
      run: on(async (vbox, machine) => (await import("./make.js")).makeVm(vbox, machine)),
      undo: on(async (vbox, machine) => (await import("./remove.js")).removeVm(vbox, machine)),
    },
  ];
}

function bootingSteps(on: Runs): readonly Step<VirtualBoxState>[] {
  return [
    {
      name: "start the virtual machine",
      run: on(async (vbox, machine) => (await import("./start.js")).startVm(vbox, machine)),
    },
    {
      name: "wait for ssh",
      run: on(async (vbox, machine) => (await import("./wait.js")).waitForSsh(vbox, machine)),
    },
    {
      name: "find the address",
      when: isBoot2Docker,
      run: on(async (vbox, machine) => (await import("./wait.js")).findAddress(vbox, machine)),
    },
    {
      name: "finish the first boot",
      when: isNew,
      run: on(async (vbox, machine) => (await import("./first-boot.js")).finish(vbox, machine)),
    },
  ];
}
