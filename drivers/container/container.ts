import { enginePort, type Io } from "../../src/driver/index.js";
import { engine, engineIfThere, type ContainerEngine } from "./engine.js";
import { type ContainerState } from "./state.js";

/** The label of a network that we made, and take away again with the last machine on it. */
export const networkLabel = "machine.network";

/** One at a time on this computer: ports are chosen and taken, networks made and taken away. */
export const lockName = "container";

/** The folder in the container with its PID 1 and what this machine alone has. */
export const seedFolder = "/etc/machine-node";

/** What the containers of all machines on an engine have that a new one must know. */
export interface Neighbours {
  /** Their ports, also those of stopped ones. */
  readonly ports: ReadonlySet<number>;
  /** One of them runs without `--privileged`, since the engine did not allow it. */
  readonly areUnprivileged: boolean;
}

/** The machines' network, made where it is not there; the caller has the lock. */
export async function ensureNetwork(io: Io, state: Pick<ContainerState, "Network"> & ContainerEngine): Promise<void> {
  const there = await engineIfThere(io, state, ["network", "inspect", state.Network]);
  if (there !== undefined) return;
  await engine(io, state, ["network", "create", "--label", `${networkLabel}=ours`, state.Network]);
}

/** Podman prints labels as `NAME:VALUE`, docker as `NAME=VALUE`. */
export async function neighbours(io: Io, outer: ContainerEngine): Promise<Neighbours> {
  const filter = ["--filter", `label=${labels.ports}`];
  const { stdout } = await engine(io, outer, ["ps", "--all", "--format", "{{.Status}} {{.Labels}}", ...filter]);
  return {
    ports: new Set(
      [...stdout.matchAll(/\bmachine\.ports[=:](\d+),(\d+)/g)].flatMap(([, ...ports]) => ports.map(Number)),
    ),
    areUnprivileged: /^Up .*\bmachine\.privileged[=:]no\b/m.test(stdout),
  };
}

/** Labels of a machine's container. */
const labels = { machine: "machine", ports: "machine.ports", privileged: "machine.privileged" };

/** Arguments of `create`. */
export function createArguments(name: string, state: ContainerState, isPrivileged: boolean): string[] {
  const { SSHPort, EnginePort, CPUs, Memory, Program } = state;
  const publish = [`127.0.0.1:${String(SSHPort)}:22`, `127.0.0.1:${String(EnginePort)}:${String(enginePort)}`];
  return [
    ...["create", "--name", state.Container, "--hostname", name],
    ...["--label", `${labels.machine}=${name}`, "--label", `${labels.privileged}=${isPrivileged ? "yes" : "no"}`],
    ...["--label", `${labels.ports}=${String(SSHPort)},${String(EnginePort)}`],
    ...["--network", state.Network, "--network-alias", name],
    ...[...publish, ...state.Publish].map((port) => `--publish=${port}`),
    // File systems that an engine inside can put layers on, and that go with the container.
    ...["/var/lib/docker", "/var/lib/containerd", ...state.Volumes].map((volume) => `--volume=${volume}`),
    ...(CPUs === "" ? [] : ["--cpus", CPUs]),
    ...(Memory === "" ? [] : ["--memory", Memory]),
    ...["--stop-signal", "SIGRTMIN+3", "--restart", "unless-stopped"],
    ...["--tmpfs", "/run", "--tmpfs", "/run/lock", "--cgroupns", "private"],
    ...(isPrivileged ? ["--privileged"] : allThatIsNeeded(Program)),
    // An engine with userns-remap refuses the rights above otherwise.
    ...(Program === "docker" ? ["--userns=host"] : []),
    ...["--entrypoint", "/bin/sh", state.Image, `${seedFolder}/init.sh`],
  ];
}

/**
 * What `--privileged` gives, but for the capability SYS_RESOURCE and those that old engines do not know: an engine
 * whose own root lacks a capability refuses `--privileged`, and a machine needs none of them.
 */
function allThatIsNeeded(program: ContainerEngine["Program"]): string[] {
  const capabilities =
    "AUDIT_CONTROL AUDIT_READ BLOCK_SUSPEND DAC_READ_SEARCH IPC_LOCK IPC_OWNER LEASE LINUX_IMMUTABLE MAC_ADMIN " +
    "MAC_OVERRIDE NET_ADMIN NET_BROADCAST SYS_ADMIN SYS_BOOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO " +
    "SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM";
  const visible = program === "docker" ? ["--security-opt=systempaths=unconfined"] : ["--security-opt=unmask=ALL"];
  return [
    ...capabilities.split(" ").map((capability) => `--cap-add=${capability}`),
    ...["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined", ...visible],
    "--device-cgroup-rule=a *:* rwm",
  ];
}
