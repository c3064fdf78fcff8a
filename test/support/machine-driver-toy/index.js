/**
 * Machines are containers that somebody has made; `rm` forgets them. It is given the contract, so that it imports nothing:
 * `machine/driver` is there for its types alone.
 * @param {typeof import("machine/driver")} contract
 */
export default ({ checkSaved, defineDriver, isText, MachineError, messageOf, text }) => {
  /** @returns what docker prints */
  const docker = async (io, { Engine }, ...args) => (await io.run("docker", ["-H", Engine, ...args])).stdout.trim();

  const inspect = async ({ state }, io) => {
    const format = "{{.State.Status}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    try {
      const said = await docker(io, state, "inspect", "--type", "container", "--format", format, state.Container);
      const [word, IPAddress = ""] = said.split(" ");
      const status = word === "running" ? "running" : "stopped";
      return IPAddress === "" || IPAddress === state.IPAddress ? { status } : { status, state: { IPAddress } };
    } catch (error) {
      if (/no such container/i.test(`${messageOf(error)} ${error.output}`)) return { status: "missing" };
      throw error;
    }
  };

  return defineDriver({
    name: "toy",
    summary: "A container that is there already",
    options: {
      container: text({ help: "Name of the container", ask: true }),
      engine: text({ help: "URL of its engine's socket", default: "unix:///var/run/docker.sock" }),
    },

    async plan({ container, engine }, { common }) {
      if (!container) throw new MachineError("usage", "toy driver requires the --toy-container option");
      return { ...common, Container: container, Engine: engine };
    },
    create: [
      {
        name: "find the container",
        async run(machine, io) {
          const { status, state } = await inspect(machine, io);
          if (status === "running") return state;
          throw new MachineError("failed", `${machine.name}: the container ${machine.state.Container} is ${status}`);
        },
      },
    ],

    inspect,
    remove: async () => {},
    access(state) {
      checkSaved(state, { Container: [isText(state.Container, /^[\w.-]+$/), "the name of a container"] });
      const { IPAddress: address, Engine, Container } = state;
      return {
        docker: address === "" ? "" : `tcp://${address}:2376`,
        shell: { kind: "exec", argv: ["docker", "-H", Engine, "exec", "--interactive", Container] },
        ...(address === "" ? {} : { peer: { address, port: 2376 } }),
      };
    },

    start: async ({ state }, io) => void (await docker(io, state, "start", state.Container)),
    stop: async ({ state }, io) => void (await docker(io, state, "stop", state.Container)),
    kill: async ({ state }, io) => void (await docker(io, state, "stop", "--time", "0", state.Container)),
  });
};
