import { enginePort, integer, list, MachineError, text, type Values } from "../../src/driver/index.js";

export const options = {
  ipAddress: text({
    help: "IP address or name of the host",
    ask: true,
    async check(host, { sshPort, sshJump }) {
      if (!host) throw new MachineError("usage", "an address or a name is required");
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
      if (path) await (await import("./key.js")).readableKey(path, io);
    },
  }),
  sshPort: integer({ help: "SSH port", default: 22, min: 1, max: 65_535 }),
  enginePort: integer({ help: "Port of the engine", default: enginePort, min: 1, max: 65_535 }),
  sshHostKey: text({ help: "Fingerprint (SHA256:...) that the host key must have at the first contact" }),
  sshJump: list({ help: "Host to go through: [user@]host[:port]" }),
  peerAddress: text({ help: "Address at which other machines reach it; default: that of --generic-ip-address" }),
} as const;

export type GenericOptions = Values<typeof options>;
