import { defineDriver, engineUrl } from "../../src/driver/index.js";
import { options } from "./options.js";
import { checkState, target, type GenericState } from "./state.js";
import { steps } from "./steps.js";

/** Any computer that answers ssh. It is adopted, not made: `rm` forgets it and changes nothing on it. */
export default defineDriver({
  name: "generic",
  summary: "A host that is there already, over SSH",
  options,

  plan: async (values, machine, io) => (await import("./plan.js")).plan(values, machine, io),
  doctor: async ({ sshKey }) => (await import("./doctor.js")).checks(sshKey),
  create: steps,

  inspect: async (machine, io) => ({ status: await (await import("./power.js")).statusOf(machine, io) }),
  remove: () => Promise.resolve(),
  access: (state: GenericState) => {
    checkState(state);
    const { IPAddress, PeerAddress: address = IPAddress, EnginePort: port } = state;
    return { docker: engineUrl(state.IPAddress, port), shell: target(state), peer: { address, port } };
  },
  restart: async (machine, io) => (await import("./power.js")).restart(machine, io),
});
