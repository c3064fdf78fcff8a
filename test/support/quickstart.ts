import { spawn } from "node:child_process";
import { join } from "node:path";
import { finish, output } from "./command.js";
import { installPrerequisites } from "./prerequisites.js";
import { ensureEngine, stopEngine } from "./quickstart-engine.js";

// `npm run quickstart`: the main job on a machine in a container. `npm run quickstart -- --remove` takes it away again.
const cli = join(import.meta.dirname, "..", "..", "dist", "cli.cjs");
const name = "quickstart";
const times: string[] = [];

try {
  await (process.argv.includes("--remove") ? remove() : run());
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  await step("a Docker engine on this computer", ensureEngine);
  await step(`machine create ${name}`, async () => {
    const status = await finish(process.execPath, [cli, "status", name]);
    if (status.stdout === "Running\n") return "it was there";
    await inherit(process.execPath, [cli, status.code === 0 ? "start" : "create", name], process.env);
    return status.code === 0 ? "it was stopped" : "made";
  });
  const env = await dockerEnv();
  await step("an image for containers on it", () => ensureBusybox(env));
  await step("docker run --rm busybox echo 'hello from a container'", async () => {
    await inherit("docker", ["run", "--rm", "busybox", "/bin/busybox", "echo", "hello from a container"], env);
    return "done";
  });
  process.stdout.write(`\nIt works.\n${times.join("\n")}

What to type next:
  alias machine='node ${cli}'
  eval "$(machine env ${name})"; docker ps
  machine ls
  machine ssh ${name}
  machine rm -y ${name}                 # or, with the engine that was started: npm run quickstart -- --remove
`);
}

async function remove(): Promise<void> {
  if ((await finish(process.execPath, [cli, "inspect", name])).code === 0) {
    await ensureEngine();
    await inherit(process.execPath, [cli, "rm", "-y", name], process.env);
  }
  await stopEngine();
  process.stdout.write("The quickstart's machine and the engine that was started for it are gone.\n");
}

/** Does the work and notes its outcome and how long it took. */
async function step(what: string, work: () => Promise<string>): Promise<void> {
  process.stdout.write(`\n==> ${what}\n`);
  const since = performance.now();
  const outcome = await work();
  const line = `  ${((performance.now() - since) / 1000).toFixed(1).padStart(6)} s  ${what}: ${outcome}`;
  times.push(line);
  process.stdout.write(`${line}\n`);
}

/** The image busybox on the machine: from a registry or, where none can be reached, of this computer's own program. */
async function ensureBusybox(env: NodeJS.ProcessEnv): Promise<string> {
  if ((await finish("docker", ["image", "inspect", "busybox"], { env })).code === 0) return "it was there";
  if ((await finish("docker", ["pull", "--quiet", "busybox"], { env })).code === 0) return "pulled";
  await installPrerequisites([{ program: "busybox", package: "busybox-static", why: "is what the container runs" }]);
  const line = "set -o pipefail; tar -ch -C / bin/busybox | docker import - busybox";
  await output("bash", ["-c", line], { env });
  return "made of this computer's busybox";
}

/** What `eval "$(machine env quickstart)"` makes of the environment. */
async function dockerEnv(): Promise<NodeJS.ProcessEnv> {
  const stdout = await output(process.execPath, [cli, "env", "--shell", "bash", name]);
  const settings = [...stdout.matchAll(/^export (\w+)="(.*)"$/gm)].map(([, key = "", value = ""]) => [key, value]);
  return { ...process.env, ...(Object.fromEntries(settings) as Record<string, string>) };
}

function inherit(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "inherit", env });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} ${args[0] ?? ""}: exit status ${String(code)}`));
    });
  });
}
