import { defineDriver, type Io, type Machine } from "../../src/driver/index.js";
import { accessOf } from "./access.js";
import type { Ec2 } from "./api/calls.js";
import { open } from "./open.js";
import { options } from "./options.js";
import { readMachine, type Ec2State } from "./state.js";
import { steps } from "./steps.js";

/** An instance of Amazon EC2, or of a cloud that speaks its protocol. */
export default defineDriver({
  name: "amazonec2",
  summary: "An instance of Amazon EC2",
  options,

  plan: async (given, machine, io) => (await import("./plan.js")).planEc2(given, machine, io),
  doctor: async (given) => (await import("./doctor.js")).checks(given),
  create: steps,

  async dryRunCalls(saved, io) {
    const machine = readMachine(saved);
    return (await import("./dry-run.js")).plannedCalls(await open(machine.state, io), machine, io);
  },

  async inspect(saved, io) {
    const machine = readMachine(saved);
    if (machine.state.InstanceId === "") return { status: "missing" };
    return (await import("./power.js")).inspectInstance(await open(machine.state, io), machine, io);
  },
  inspectAll: async (machines, io) =>
    (await import("./power.js")).inspectInstances(machines, io, (state) => open(state, io)),
  async remove(saved, io) {
    const machine = readMachine(saved);
    // Before it has a key nothing is asked for.
    if (machine.state.InstanceId === "" && machine.state.SSHKeyPath === "") return;
    await (await import("./remove.js")).removeAll(await open(machine.state, io), machine, io);
  },
  listResources: async (given, storeId, io) => (await import("./gc/all-regions.js")).findEverywhere(given, storeId, io),
  scrub: async (saved, io) => (await import("./scrub.js")).scrub(readMachine(saved), io, (state) => open(state, io)),
  access: accessOf,

  start: (saved, io) => change(saved, io, async (life, ec2, machine) => life.startInstance(ec2, machine, io)),
  stop: (saved, io) =>
    change(saved, io, async (life, ec2, machine) => life.stopInstance(ec2, machine, io, { Force: false })),
  kill: (saved, io) =>
    change(saved, io, async (life, ec2, machine) => life.stopInstance(ec2, machine, io, { Force: true })),
  restart: (saved, io) => change(saved, io, async (life, ec2, machine) => life.rebootInstance(ec2, machine, io)),
});

async function change<T>(
  saved: Machine,
  io: Io,
  act: (life: typeof import("./power.js"), ec2: Ec2, machine: Machine<Ec2State>) => Promise<T>,
): Promise<T> {
  const machine = readMachine(saved);
  return act(await import("./power.js"), await open(machine.state, io), machine);
}
