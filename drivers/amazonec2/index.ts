import { defineDriver, isMachineError, reach, type Io, type Machine, type Step } from "../../src/driver/index.js";
import { accessOf } from "./access.js";
import type { Ec2 } from "./api/calls.js";
import { lacksGroup } from "./api/failure.js";
import { options } from "./options.js";
import { readMachine } from "./read-state.js";
import type { Ec2State } from "./state.js";

type Ours = Machine<Ec2State>;

const makeKey: Step<Ec2State> = {
  name: "make the key",
  // No undo: it goes with the machine's directory, and is needed where an undoing fails and create is resumed.
  run: async (machine) => (await import("./instance/key-pair.js")).makeKey(machine),
};

const ensureGroup: Step<Ec2State> = {
  name: "make sure of the security group",
  async run({ state }, io) {
    const [{ ensureGroup: ensure }, ec2] = await Promise.all([import("./network/subnets.js"), open(state, io)]);
    return { ...(await ensure(ec2, state, io)), LaunchedAt: io.now() };
  },
  async undo(machine, io) {
    if (machine.state.SSHKeyPath === "") return;
    await (await import("./instance/remove.js")).removeGroups(await open(machine.state, io), machine, io);
  },
};

const importKeyPair: Step<Ec2State> = {
  name: "import the key pair",
  when: ({ ExistingKey }) => !ExistingKey,
  async run({ state }, io) {
    await (await import("./instance/key-pair.js")).importKeyPair(await open(state, io), state);
  },
  async undo({ state }, io) {
    if (state.LaunchedAt === undefined) return;
    await (await import("./instance/key-pair.js")).deleteKeyPair(await open(state, io), state);
  },
};

const launchInstance: Step<Ec2State> = {
  name: "launch the instance",
  async run({ state }, io) {
    const [{ launch }, { userData }, ec2] = await Promise.all([
      import("./instance/launch.js"),
      import("./instance/user-data.js"),
      open(state, io),
    ]);
    const data = await userData(state);
    try {
      return await launch(ec2, state, io, data);
    } catch (error) {
      if (!lacksGroup(error)) throw error;
      // The store's last other machine has gone just now, and the group with it.
      const group = await (await import("./network/subnets.js")).ensureGroup(ec2, state, io);
      return { ...group, ...(await launch(ec2, { ...state, ...group }, io, data)) };
    }
  },
  async undo(machine, io) {
    if (machine.state.LaunchedAt === undefined) return;
    await (await import("./instance/remove.js")).removeInstance(await open(machine.state, io), machine, io);
  },
};

const waitForAddress: Step<Ec2State> = {
  name: "wait for its address",
  run: async (machine, io) =>
    (await import("./instance/power.js")).waitForAddress(await open(machine.state, io), machine, io),
};

const readHostKey: Step<Ec2State> = {
  name: "read the host key from the console",
  async run({ name, state }, io) {
    const { hostKeyFromConsole } = await import("./instance/host-key.js");
    const found = await hostKeyFromConsole(await open(state, io), state.InstanceId, io);
    if ("fingerprint" in found) return { HostKey: found.fingerprint };
    io.notice(`the host key of ${name} is trusted at the first contact: ${found.reason}`);
    return { HostKey: "" };
  },
};

const waitForSsh: Step<Ec2State> = {
  name: "wait for ssh",
  async run({ state }, io) {
    const { shell } = accessOf(state);
    if (shell === undefined) return;
    let end: number | undefined;
    for (;;) {
      try {
        await reach(io, shell);
        return;
      } catch (error) {
        // sshd may be up before cloud-init has put our key into its place.
        end ??= io.now() + 60_000;
        const isRefused = isMachineError(error) && error.code === "failed" && state.SSHPrivateKeyPath === "";
        if (!isRefused || io.now() >= end) throw error;
        await io.sleep(3_000);
      }
    }
  },
};

const deleteKeyPair: Step<Ec2State> = {
  name: "delete the key pair",
  when: ({ ExistingKey }) => !ExistingKey,
  async run({ state }, io) {
    await (await import("./instance/key-pair.js")).deleteKeyPair(await open(state, io), state);
    return { KeyName: "" };
  },
};

/** An instance of Amazon EC2, or of a cloud that speaks its protocol. */
export default defineDriver({
  name: "amazonec2",
  summary: "An instance of Amazon EC2",
  options,

  plan: async (given, machine, io) => (await import("./plan.js")).planEc2(given, machine, io),
  doctor: async (given) => (await import("./doctor.js")).checks(given),
  create: [makeKey, ensureGroup, importKeyPair, launchInstance, waitForAddress, readHostKey, waitForSsh, deleteKeyPair],

  async calls(saved, io) {
    const machine = readMachine(saved);
    return (await import("./dry-run.js")).plannedCalls(await open(machine.state, io), machine, io);
  },

  async inspect(saved, io) {
    const machine = readMachine(saved);
    if (machine.state.InstanceId === "") return { status: "missing" };
    return (await import("./instance/power.js")).inspectInstance(await open(machine.state, io), machine, io);
  },
  inspectAll: async (machines, io) =>
    (await import("./instance/power.js")).inspectInstances(machines, io, (state) => open(state, io)),
  async remove(saved, io) {
    const machine = readMachine(saved);
    // Before it has a key nothing is asked for.
    if (machine.state.InstanceId === "" && machine.state.SSHKeyPath === "") return;
    await (await import("./instance/remove.js")).removeAll(await open(machine.state, io), machine, io);
  },
  find: async (given, owner, io) => (await import("./gc/all-regions.js")).findEverywhere(given, owner, io),
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
  act: (life: typeof import("./instance/power.js"), ec2: Ec2, machine: Ours) => Promise<T>,
): Promise<T> {
  const machine = readMachine(saved);
  return act(await import("./instance/power.js"), await open(machine.state, io), machine);
}

async function open(state: Ec2State, io: Io): Promise<Ec2> {
  return (await import("./api/client.js")).openEc2({ Profile: "", ...state }, io);
}
