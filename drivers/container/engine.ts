import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import {
  isMachineError,
  isNotInstalled,
  MachineError,
  type CommandResult,
  type Io,
  type RunOptions,
  isExpected,
} from "../../src/driver/index.js";

/** The engine on this computer that runs the machines' containers, as it is kept in the state. */
export interface ContainerEngine {
  readonly Program: "docker" | "podman";
  /** URL of its socket; empty for podman, which needs none. */
  readonly Engine: string;
}

/** Runs the engine's program; what the environment says of another engine, e.g. that of a machine, does not count. */
export function engine(
  io: Io,
  outer: ContainerEngine,
  args: readonly string[],
  options?: RunOptions,
): Promise<CommandResult> {
  const aside = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"];
  const env = {
    ...Object.fromEntries(aside.map((name) => [name, undefined])),
    ...(outer.Engine === "" ? {} : { DOCKER_HOST: outer.Engine }),
  };
  return io.run(outer.Program, args, { ...options, env }).catch((error: unknown) => {
    throw explained(outer, args, error);
  });
}

/** What an engine refuses for reasons that a person can do something about. */
const refusals: readonly (readonly [said: RegExp, hint: string])[] = [
  [/address pool/i, "run docker network prune, or use an existing network with --container-network"],
  [/port is already allocated|address already in use/i, "choose another port with --container-publish"],
  [/no such image|unable to find image|manifest unknown|pull access denied|not known/i, "see --container-image"],
  [/invalid (mount|volume)|local volume name|bind source path/i, "see --container-volume"],
];

/** In place of the whole command line, what the engine says. */
function explained({ Program }: ContainerEngine, args: readonly string[], error: unknown): unknown {
  const said = outputOf(error);
  const hint = refusals.find(([pattern]) => pattern.test(said))?.[1];
  if (!isMachineError(error) || hint === undefined) return error;
  const reason = said.trim().split("\n").at(-1) ?? "";
  return error.with({ message: `${Program} ${args[0] ?? ""} is refused: ${reason}`, hint });
}

/** The same for a container or network that may be gone: undefined then. */
export async function engineIfThere(
  io: Io,
  outer: ContainerEngine,
  args: readonly string[],
): Promise<CommandResult | undefined> {
  try {
    return await engine(io, outer, args);
  } catch (error) {
    if (/no such (object|container|network)|network .* not found/i.test(outputOf(error))) return undefined;
    throw error;
  }
}

/**
 * The engine of this computer: of DOCKER_HOST, else of docker's current context, where these name a local socket, else
 * the default one. That of a machine is none: the ports of its containers are not on this computer.
 * @throws MachineError `precheck` that says how to get one
 */
export async function findEngine(program: ContainerEngine["Program"], io: Io): Promise<ContainerEngine> {
  const outer: ContainerEngine = { Program: program, Engine: program === "docker" ? await localSocket(io) : "" };
  try {
    await engine(io, outer, ["version", "--format", "{{.Server.Version}}"]);
    return outer;
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw missing(outer, error, io.env["DOCKER_HOST"]);
  }
}

async function localSocket(io: Io): Promise<string> {
  const given = io.env["DOCKER_HOST"] ?? "";
  if (isLocal(given)) return given;
  // Without a name it is the current context; `default` is there always.
  for (const context of [[], ["default"]]) {
    const format = ["--format", "{{.Endpoints.docker.Host}}"];
    const found = await io
      .run("docker", ["context", "inspect", ...format, ...context], { env: { DOCKER_HOST: undefined } })
      .then(({ stdout }) => stdout.trim())
      .catch(() => "");
    if (isLocal(found)) return found;
  }
  const rootless = join(io.env["XDG_RUNTIME_DIR"] ?? "", "docker.sock");
  return isAbsolute(rootless) && existsSync(rootless) ? `unix://${rootless}` : "unix:///var/run/docker.sock";
}

function isLocal(url: string): boolean {
  return /^(unix|npipe):/.test(url);
}

function missing({ Program, Engine }: ContainerEngine, cause: MachineError, given = ""): MachineError {
  if (isNotInstalled(cause)) {
    return new MachineError(
      "precheck",
      `the container driver needs ${Program}, which is not installed on this computer`,
      {
        hint: `install it (Debian, Ubuntu: apt-get install ${Program === "docker" ? "docker.io" : "podman"}), or choose another driver with -d`,
        cause,
      },
    );
  }
  const passedOver = Engine === "" || given === "" || isLocal(given) ? "" : ` (DOCKER_HOST points to another computer)`;
  const where = Engine === "" ? "" : ` at ${Engine}${passedOver}`;
  return new MachineError("precheck", `the ${Program} engine of this computer does not answer${where}`, {
    hint: /permission denied/i.test(outputOf(cause))
      ? "your user may not use it: join the group docker, or become root"
      : "start it (systemctl start docker, or Docker Desktop), or choose another driver with -d",
    output: cause.output,
    cause,
  });
}

/** All that a failed command said. */
export function outputOf(error: unknown): string {
  return isMachineError(error) ? `${error.message}\n${error.output ?? ""}` : "";
}
