import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import container from "../../drivers/container/index.js";
import { driverChecks, fakeIo, type Script } from "../../src/driver/conformance.js";
import { finish } from "../support/command.js";
import { isMachineError, MachineError, resolve, type DriverState, type Io } from "../../src/driver/index.js";

const noContainer = new MachineError("failed", "docker: exit status 1", { output: "Error: No such container: web-1" });
const gone: Script = {
  "docker context inspect": "unix:///run/docker.sock\n",
  "docker version": "28.2.2\n",
  "docker inspect": noContainer,
  "docker rm": noContainer,
  "docker network inspect": new MachineError("failed", "docker", { output: "Error: No such network: machine" }),
};

describe("the container driver", () => {
  const refused = [
    { options: { cpus: "many" }, error: /--container-cpus must be a number/ },
    { options: { memory: "2 apples" }, error: /--container-memory must be a size/ },
    { options: { network: "host" }, error: /--container-network must be a network of its own/ },
  ];
  for (const { name, run } of driverChecks(container, { options: { cpus: "2", memory: "2g" }, refused, gone })) {
    test(name, run);
  }

  test("has scripts that are clean for shellcheck", async () => {
    const folder = join(import.meta.dirname, "../../templates/container");
    const checked = await finish("shellcheck", [join(folder, "base.sh"), join(folder, "init.sh")]);
    expect(checked).toEqual({ stdout: "", stderr: "", code: 0 });
  });

  test("uses the socket that DOCKER_HOST names, whatever the current context is", async () => {
    const { state } = await planned(fakeIo(gone, { DOCKER_HOST: "unix:///home/ann/docker.sock" }));
    expect(state).toMatchObject({ Engine: "unix:///home/ann/docker.sock" });
  });

  test("passes over a DOCKER_HOST and a context that are not on this computer, such as a machine's", async () => {
    const io = fakeIo(
      { ...gone, "docker context inspect": "tcp://192.0.2.7:2376\n" },
      { DOCKER_HOST: "tcp://127.0.0.1:2376" },
    );
    expect((await planned(io)).state).toMatchObject({ Engine: "unix:///var/run/docker.sock" });
  });

  test("says what is missing where there is no program, no engine, or no right to use it", async () => {
    const says = async (failure: MachineError): Promise<string> => {
      const error = await planned(fakeIo({ ...gone, "docker version": failure })).catch((thrown: unknown) => thrown);
      if (!isMachineError(error)) throw new Error("it was planned");
      return `${error.code}: ${error.message}; ${error.hint ?? ""}`;
    };
    expect(await says(new MachineError("failed", "docker is not installed"))).toMatch(/precheck: .*apt-get install/);
    const silent = new MachineError("failed", "docker version", { output: "Cannot connect to the Docker daemon" });
    expect(await says(silent)).toMatch(/precheck: .*does not answer at unix:.*systemctl start docker/);
    const denied = new MachineError("failed", "docker version", { output: "permission denied" });
    expect(await says(denied)).toMatch(/join the group docker/);
  });

  test("is reached by other machines at its address on their network, once the engine has said it", async () => {
    const io = (said: string) => fakeIo({ ...gone, "docker inspect": said });
    const machine = { name: "web", dir: "/nowhere", ...(await planned(fakeIo(gone))) };
    expect(container.access(machine.state).peer).toBeUndefined();
    const { status, state } = await container.inspect(machine, io("running 172.18.0.2\n"));
    expect(status).toBe("running");
    const known = { ...machine, state: { ...machine.state, ...state } };
    expect(container.access(known.state).peer).toEqual({ address: "172.18.0.2", port: 2376 });
    expect(await container.inspect(known, io("running 172.18.0.2\n"))).toEqual({ status: "running" });
    expect(await container.inspect(known, io("exited \n"))).toEqual({ status: "stopped" });
    expect(() => container.access({ ...known.state, PeerAddress: 7 } as never)).toThrow("Driver.PeerAddress in its");
  });

  test("asks the engine for limits, ports and mounts, and leaves no private key but the user's behind", async () => {
    const dir = await mkdtemp(join(tmpdir(), "machine-container-"));
    try {
      const io = fakeIo({ ...gone, "docker ps": "", "docker network create": "", docker: "" });
      const given = { cpus: "1.5", memory: "2g", publish: ["8080:80"], volume: ["/src:/dst:ro"], image: "mine" };
      const machine = { name: "web", dir, ...(await planned(io, given)) };
      const changes = await container.create[1]?.run(machine, io);
      const create = io.calls.find((call) => call.startsWith("docker create")) ?? "";
      expect(create).toMatch(/--publish=8080:80 .*--volume=\/src:\/dst:ro --cpus 1.5 --memory 2g .* mine /);
      expect(create).toContain("--privileged --userns=host");
      expect((await readdir(dir)).sort()).toEqual(["id_rsa", "id_rsa.pub"]);
      expect((await stat(join(dir, "id_rsa"))).mode & 0o777).toBe(0o600);
      expect(JSON.stringify(changes)).not.toContain(await readFile(join(dir, "id_rsa"), "utf8"));
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test.each([
    ["could not find an available, non-overlapping IPv4 address pool", "docker network prune"],
    ["Bind for 0.0.0.0:8080 failed: port is already allocated", "--container-publish"],
    ["pull access denied for nosuch, repository does not exist", "--container-image"],
    ["create ./a: includes invalid characters for a local volume name", "--container-volume"],
  ])("says what the engine refuses, and which option helps: %s", async (said, hint) => {
    const dir = await mkdtemp(join(tmpdir(), "machine-container-"));
    try {
      const failure = new MachineError("failed", "docker create --name web ... exited with status 125", {
        output: `Error response from daemon: ${said}`,
      });
      const io = fakeIo({
        ...gone,
        "docker ps": "",
        "docker network create": "",
        "docker create": failure,
        docker: "",
      });
      const machine = { name: "web", dir, ...(await planned(io)) };
      await expect(container.create[1]?.run(machine, io)).rejects.toMatchObject({
        message: `docker create is refused: Error response from daemon: ${said}`,
        hint: expect.stringContaining(hint) as string,
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test("gives all but --privileged where the engine refuses that, and at once when a neighbour tells so", async () => {
    const dir = await mkdtemp(join(tmpdir(), "machine-container-"));
    try {
      const script = {
        ...gone,
        "docker ps": "Up 2 days machine.privileged=no,machine.ports=22001,22002\n",
        "docker network create": "",
        docker: "",
      };
      const io = fakeIo(script);
      await container.create[1]?.run({ name: "web", dir, ...(await planned(io)) }, io);
      const create = io.calls.find((call) => call.startsWith("docker create")) ?? "";
      expect(create).not.toContain("--privileged");
      expect(create).toContain("--cap-add=SYS_ADMIN");
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

async function planned(io: Io, given: Readonly<Record<string, unknown>> = {}): Promise<{ state: DriverState }> {
  const common = {
    ...{ IPAddress: "", MachineName: "web", SSHUser: "", SSHPort: 0, SSHKeyPath: "", StorePath: "/store" },
    ...{ SwarmMaster: false, SwarmHost: "", SwarmDiscovery: "" },
  };
  const values = resolve(container.options, [given], container.name);
  const machine = { name: "web", dir: "/store/machines/web", common, storeId: () => Promise.resolve("owner") };
  return { state: await container.plan(values, machine, io) };
}
