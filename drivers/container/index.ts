import { defineDriver, enginePort, engineUrl, sshTarget } from "../../src/driver/index.js";
import { options } from "./options.js";
import * as power from "./power.js";
import { checkState, type ContainerState } from "./state.js";
import { steps } from "./steps.js";

/** A Docker host inside a container of this computer's engine: for labs, CI and a first try. */
export default defineDriver({
  name: "container",
  summary: "A Docker host in a container on this computer",
  options,

  plan: async (values, machine, io) => (await import("./plan.js")).plan(values, machine, io),
  doctor: async ({ program }) => (await import("./doctor.js")).checks(program),
  create: steps,

  inspect: power.inspect,
  remove: async (machine, io) => (await import("./remove.js")).remove(machine, io),
  access: (state: ContainerState) => {
    checkState(state);
    return {
      docker: engineUrl("127.0.0.1", state.EnginePort),
      enginePort,
      shell: sshTarget(state, state.SSHHostKey),
      ...(state.PeerAddress === undefined ? {} : { peer: { address: state.PeerAddress, port: enginePort } }),
    };
  },

  start: power.start,
  stop: power.stop,
  kill: power.kill,
});
