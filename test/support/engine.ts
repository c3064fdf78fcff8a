import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import { type CommandOptions, type Finished, finish, output } from "./command.js";

/** A running Docker engine for test hosts. Data only, so that it can be handed to another process. */
export interface Engine {
  /** Path of its socket. */
  readonly socket: string;
  /** This machine's address as its containers see it, such as "198.19.1.1". */
  readonly gateway: string;
  /** Folder in memory for short-lived files such as keys; it goes with the engine. */
  readonly folder: string;
}

/** What is kept from run to run: images and the root file system they are made of. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "machine-test");
}

/**
 * Starts an engine in the first free slot of 1 to 19, so that several runs can share a machine. It goes, with all of
 * its containers, by `stop` or with this process, however that ends. Rejects with the end of dockerd's log when it does
 * not start.
 */
export async function startEngine(): Promise<Engine & { readonly stop: () => Promise<void> }> {
  const slots = Array.from({ length: 19 }, (_, index) => String(index + 1));
  const { slot, supervisor } = await supervise(slots);
  return {
    ...engineIn(slot),
    stop: async () => {
      const exit = once(supervisor, "exit");
      supervisor.kill("SIGTERM");
      await exit;
    },
  };
}

/** What follows from a slot; engine.sh has the same rules. */
export function engineIn(slot: string): Engine {
  const folder = `/run/machine-test/${slot}`;
  return { folder, socket: `${folder}/docker.sock`, gateway: `198.19.${slot}.1` };
}

/**
 * Starts engine.sh in the first free one of the slots and waits until the engine answers. `data` is the folder for its
 * images.
 */
export async function supervise(
  slots: readonly string[],
  { data = cacheFolder() }: { readonly data?: string } = {},
): Promise<{ readonly slot: string; readonly supervisor: ChildProcessWithoutNullStreams }> {
  const supervisor = spawn("sh", [join(import.meta.dirname, "engine.sh"), data, ...slots], {
    // A session of its own: Ctrl-C must not end it before the tests.
    detached: true,
    env: plainEnv(),
  });
  const slot = await new Promise<string>((resolve, reject) => {
    let problem = "";
    supervisor.stderr.on("data", (chunk: Buffer) => (problem += chunk.toString()));
    supervisor.stdout.once("data", (chunk: Buffer) => {
      resolve(chunk.toString().trim());
    });
    supervisor.once("error", reject);
    supervisor.once("close", (code) => {
      reject(new Error(`no engine for test hosts (engine.sh: exit code ${String(code)})\n${problem}`.trim()));
    });
  });
  return { slot, supervisor };
}

/** Runs the docker client against an engine and returns its trimmed output; rejects when it fails. */
export function docker(engine: Engine, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return output("docker", args, { ...options, env: clientEnv(engine) });
}

/** The same, for a command that may fail. */
export function tryDocker(engine: Engine, args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return finish("docker", args, { ...options, env: clientEnv(engine) });
}

/** The environment in which the docker client, or ours, meets this engine. */
export function clientEnv({ socket }: Engine) {
  return { ...plainEnv(), DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: "0" };
}

/** No variable of the user's (DOCKER_CONTEXT, DOCKER_TLS_VERIFY, ...) and the folders where daemons are. */
function plainEnv() {
  return { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, HOME: homedir(), LC_ALL: "C.UTF-8" };
}
