import { MachineError, connectWithRetry, type Step } from "../../src/driver/index.js";
import { target, type GenericState } from "./state.js";

const logIn: Step<GenericState> = {
  name: "log in to the host",
  async run({ state }, io) {
    const shell = await connectWithRetry(io, target(state));
    const { code, stderr } = await shell.exec("exit 0", { purpose: "log in to the host" });
    if (code !== 0) {
      throw new MachineError("failed", `the login shell of ${state.SSHUser} ends with status ${String(code)}`, {
        output: stderr,
        hint: `check that "ssh ${state.SSHUser}@${state.IPAddress} true" works`,
      });
    }
  },
};

export const steps: readonly Step<GenericState>[] = [logIn];
