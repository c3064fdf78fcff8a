import { isMachineError, connectWithRetry, type Step } from "../../src/driver/index.js";
import { accessOf } from "./access.js";
import { lacksGroup } from "./api/failure.js";
import { open } from "./open.js";
import type { Ec2State } from "./state.js";

const makeKey: Step<Ec2State> = {
  name: "make the key",
  // No undo: it goes with the machine's directory, and is needed where an undoing fails and create is resumed.
  run: async (machine) => (await import("./instance/key-pair.js")).makeKey(machine),
};

const ensureGroup: Step<Ec2State> = {
  name: "make sure of the security group",
  async run({ state }, io) {
    const [{ ensureGroup: ensure }, ec2] = await Promise.all([import("./network/security-group.js"), open(state, io)]);
    return { ...(await ensure(ec2, state, io)), LaunchedAt: io.now() };
  },
  async undo(machine, io) {
    if (machine.state.SSHKeyPath === "") return;
    await (await import("./remove.js")).removeGroups(await open(machine.state, io), machine, io);
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
      const group = await (await import("./network/security-group.js")).ensureGroup(ec2, state, io);
      return { ...group, ...(await launch(ec2, { ...state, ...group }, io, data)) };
    }
  },
  async undo(machine, io) {
    if (machine.state.LaunchedAt === undefined) return;
    await (await import("./remove.js")).removeInstance(await open(machine.state, io), machine, io);
  },
};

const waitForAddress: Step<Ec2State> = {
  name: "wait for its address",
  run: async (machine, io) => (await import("./power.js")).waitForAddress(await open(machine.state, io), machine, io),
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
        await connectWithRetry(io, shell);
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

export const steps: readonly Step<Ec2State>[] = [
  ...[makeKey, ensureGroup, importKeyPair, launchInstance],
  ...[waitForAddress, readHostKey, waitForSsh, deleteKeyPair],
];
