import {
  checkSaved,
  defineDriver,
  integer,
  isPort,
  isText,
  list,
  MachineError,
  reach,
  text,
  type DriverState,
  type Io,
  type Machine,
  type SshTarget,
  type Step,
} from "../../src/driver/index.js";
import { readableKey } from "./key.js";
import { reboot } from "./reboot.js";

/** `EnginePort` and `SSHKey` are docker-machine's; the rest is left out of config.json where it is not used. */
interface GenericState extends DriverState {
  readonly EnginePort: number;
  readonly SSHKey: string;
  readonly SSHHostKey?: string;
  readonly SSHJump?: readonly string[];
}

const logIn: Step<GenericState> = {
  name: "log in to the host",
  async run({ state }, io) {
    const shell = await reach(io, target(state));
    const { code, stderr } = await shell.exec("exit 0", { purpose: "log in to the host" });
    if (code !== 0) {
      throw new MachineError("failed", `the login shell of ${state.SSHUser} ends with status ${String(code)}`, {
        output: stderr,
        hint: `check that "ssh ${state.SSHUser}@${state.IPAddress} true" works`,
      });
    }
  },
};

/** Any computer that answers ssh. It is adopted, not made: `rm` forgets it and changes nothing on it. */
export default defineDriver({
  name: "generic",
  summary: "A host that is there already, over SSH",
  options: {
    ipAddress: text({
      help: "IP address or name of the host",
      ask: true,
      async check(host, { sshPort, sshJump }) {
        if (!host) throw new MachineError("usage", "the driver needs one");
        const { answers } = await import("./probe.js");
        const isDirect = !Array.isArray(sshJump) || sshJump.length === 0;
        if (isDirect && !(await answers(host, Number(sshPort)))) {
          throw new MachineError("unreachable", `${host} does not answer at port ${String(sshPort)}`);
        }
      },
    }),
    sshUser: text({ help: "User to log in as", default: "root", ask: true }),
    sshKey: text({
      help: "Private key file; without one the agent and the default keys are tried",
      ask: true,
      async check(path, _, io) {
        if (path) await readableKey(path, io);
      },
    }),
    sshPort: integer({ help: "SSH port", default: 22, min: 1, max: 65_535 }),
    enginePort: integer({ help: "Port of the engine", default: 2376, min: 1, max: 65_535 }),
    sshHostKey: text({ help: "Fingerprint (SHA256:...) that the host key must have at the first contact" }),
    sshJump: list({ help: "Host to go through: [user@]host[:port]" }),
  },

  async plan(options, { common }, io): Promise<GenericState> {
    const { ipAddress, sshHostKey, sshJump } = options;
    if (ipAddress === undefined || ipAddress === "") {
      throw new MachineError("usage", "generic driver requires the --generic-ip-address option");
    }
    if (sshHostKey !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(sshHostKey)) {
      throw new MachineError("usage", "--generic-ssh-host-key must be SHA256: and 43 letters, as ssh-keygen -l prints");
    }
    const key = options.sshKey === undefined ? "" : await readableKey(options.sshKey, io);
    return {
      ...common,
      IPAddress: ipAddress,
      SSHUser: options.sshUser,
      SSHPort: options.sshPort,
      SSHKeyPath: key,
      EnginePort: options.enginePort,
      SSHKey: key,
      ...(sshHostKey === undefined ? {} : { SSHHostKey: sshHostKey }),
      ...(sshJump.length === 0 ? {} : { SSHJump: sshJump }),
    };
  },
  doctor: async ({ sshKey }) => (await import("./doctor.js")).checks(sshKey),
  create: [logIn],

  /** Running when the engine or sshd answers. Behind a jump host only a login can tell. */
  async inspect({ state }, io) {
    checkState(state);
    if (state.SSHJump === undefined) {
      const { answers } = await import("./probe.js");
      const up = (await answers(state.IPAddress, state.EnginePort)) || (await answers(state.IPAddress, state.SSHPort));
      return { status: up ? "running" : "stopped" };
    }
    try {
      await io.shell(target(state));
      return { status: "running" };
    } catch {
      return { status: "stopped" };
    }
  },
  remove: () => Promise.resolve(),
  access: (state: GenericState) => {
    checkState(state);
    return { docker: engineUrl(state), shell: target(state) };
  },
  restart: (machine: Machine<GenericState>, io: Io) => reboot(target(machine.state), io),
});

function checkState(state: GenericState): void {
  const { SSHHostKey, SSHJump } = state;
  checkSaved(state, {
    EnginePort: [isPort(state.EnginePort), "a port"],
    SSHPort: [isPort(state.SSHPort), "a port"],
    IPAddress: [URL.canParse(`tcp://${bracketed(state.IPAddress)}:1`), "an address or a name"],
    SSHHostKey: [SSHHostKey === undefined || isText(SSHHostKey), "text"],
    SSHJump: [
      SSHJump === undefined || (Array.isArray(SSHJump) && SSHJump.every((jump) => isText(jump))),
      "a list of text",
    ],
  });
}

function engineUrl({ IPAddress, EnginePort }: GenericState): string {
  return `tcp://${bracketed(IPAddress)}:${String(EnginePort)}`;
}

function target(state: GenericState): SshTarget {
  return {
    kind: "ssh",
    host: state.IPAddress,
    port: state.SSHPort,
    user: state.SSHUser,
    ...(state.SSHKeyPath === "" ? {} : { keyPath: state.SSHKeyPath }),
    ...(state.SSHHostKey === undefined ? {} : { hostKey: state.SSHHostKey }),
    ...(state.SSHJump === undefined ? {} : { jump: state.SSHJump }),
  };
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
